"""Creates a topic: `create_topic.py --bootstrap HOST:PORT --topic NAME --partitions N [name=value]...`"""

import lab


def main():
    parser = lab.arguments()
    parser.add_argument("--topic", required=True)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("settings", nargs="*", metavar="name=value")
    args = parser.parse_args()
    config = dict(setting.split("=", 1) for setting in args.settings)
    lab.create_topic(args.bootstrap, args.topic, args.partitions, **config)


main()
