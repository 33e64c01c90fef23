//! The command line parses as documented, columns line up, and files are dumped and verified.

mod files;

use super::args::{Args, Command, TopicVerb};
use super::print::columns;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(line.split(' '))
}

#[test]
fn the_definitions_are_sound() {
    Args::command().debug_assert();
}

#[test]
fn every_command_explains_itself() {
    fn check(command: &clap::Command) {
        assert!(
            command.get_about().is_some() || command.get_name() == "help",
            "{}",
            command.get_name()
        );
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(check);
    }
    check(&Args::command());
}

#[test]
fn what_the_documentation_types_is_accepted() {
    for line in [
        "headwater serve",
        "headwater serve --data-dir d --listen 127.0.0.1:0 --shards 2 --config f --set a=b --set c=d",
        "headwater serve --backend posix",
        "headwater topic create flights --partitions 12 --config cleanup.policy=compact",
        "headwater topic list --bootstrap 127.0.0.1:9092 --json",
        "headwater topic --json describe a b",
        "headwater topic alter a --partitions 3",
        "headwater topic delete a b",
        "headwater group list --state Stable --protocol consumer --json",
        "headwater group describe",
        "headwater group describe a b --members",
        "headwater group describe a --state --bootstrap 127.0.0.1:9092",
        "headwater group reset-offsets g --topic flights:0,1 --to-datetime 2026-11-26T14:00:00.000 --execute",
        "headwater group reset-offsets g --topic a --topic b --shift-by -5 --dry-run",
        "headwater group reset-offsets g --all-topics --to-current --export",
        "headwater group reset-offsets g --from-file f --execute --json",
        "headwater group delete-offsets g --topic a:1",
        "headwater group delete a b",
        "headwater txn list --state Ongoing --producer-id 7 --longer-than-ms 1000 --pattern a.*",
        "headwater txn describe a b --json",
        "headwater txn describe-producers --topic a --partition 0",
        "headwater txn find-hanging --topic a --partition 0 --max-transaction-timeout-min 1",
        "headwater txn find-hanging",
        "headwater txn abort --topic flights --partition 3 --start-offset 1234",
        "headwater txn abort --topic a --partition 0 --producer-id 5 --producer-epoch 1 --coordinator-epoch 2",
        "headwater config describe --topic a --all --json",
        "headwater config list",
        "headwater doctor --data-dir d --json",
        "headwater dump d/a-0/00000000000000000000.log --records",
        "headwater verify d",
        "headwater repair d",
        "headwater repair --accept-loss d flights-3 --json",
    ] {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    for (line, kind) in [
        ("headwater", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("headwater serve --shards many", ErrorKind::ValueValidation),
        ("headwater topic create a --partitions 0", ErrorKind::ValueValidation),
        ("headwater topic delete", ErrorKind::MissingRequiredArgument),
        ("headwater group delete", ErrorKind::MissingRequiredArgument),
        ("headwater group reset-offsets g --to-earliest", ErrorKind::MissingRequiredArgument),
        (
            "headwater group reset-offsets g --topic a --to-earliest --to-latest",
            ErrorKind::ArgumentConflict,
        ),
        ("headwater group reset-offsets g --from-file f --to-latest", ErrorKind::ArgumentConflict),
        (
            "headwater group reset-offsets g --topic a --all-topics --to-latest",
            ErrorKind::ArgumentConflict,
        ),
        (
            "headwater group reset-offsets g --topic a --to-latest --execute --dry-run",
            ErrorKind::ArgumentConflict,
        ),
        ("headwater txn abort --topic a --partition 0", ErrorKind::MissingRequiredArgument),
        (
            "headwater txn abort --topic a --partition 0 --producer-id 1",
            ErrorKind::MissingRequiredArgument,
        ),
        ("headwater frobnicate", ErrorKind::InvalidSubcommand),
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.kind(), kind, "{line}");
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}

#[test]
fn flags_of_serve_win_over_set() {
    let Ok(Args { command: Command::Serve(args) }) = parse(
        "headwater serve --set shards=7 --shards 3 --set num.partitions=5 --data-dir d --backend posix",
    ) else {
        panic!("does not parse");
    };
    let config = args.broker_config().expect("accepted");
    assert_eq!((config.shards, config.num_partitions), (3, 5));
    assert_eq!(config.data_dir, std::path::Path::new("d"));
    assert_eq!(config.backend.map(|name| name.name()), Some("posix"));
}

#[test]
fn the_flags_of_remote_commands_may_stand_anywhere() {
    let Ok(Args { command: Command::Topic { verb, remote } }) =
        parse("headwater topic --bootstrap h:1 delete a --json")
    else {
        panic!("does not parse");
    };
    assert!(matches!(verb, TopicVerb::Delete { names } if names == ["a"]));
    assert_eq!((remote.bootstrap.as_str(), remote.json), ("h:1", true));
}

#[test]
fn columns_line_up_and_numbers_stand_at_the_right() {
    let rows = [["NAME", "COUNT"], ["a", "5"], ["longer", "12345678"]];
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    assert_eq!(columns(&rows), "NAME       COUNT\na              5\nlonger  12345678\n");
}
