//! The cells of `bench compare`: every durability setting under every load.

use crate::args::{Broker, CompareArgs, Effort};
use crate::plan::{Act, BrokerSetup, Cell, ClientSetup, Load, Plan, Where};
use crate::setting::{Acks, Durability, Path, Setting};

/// Seconds measured in one run; fifteen settings, their loads and three repeats of them stay below two
/// minutes.
const RUN_S: f64 = 0.45;
/// Connections are warm and the first segment's pages are touched after this.
const WARMUP_S: f64 = 0.1;
/// What `--quick` makes of both.
const QUICK_S: f64 = 0.15;
const REPEATS: u32 = 3;
const LIMIT_ITEM_S: f64 = 0.2;

/// What will be run.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn plan(args: &CompareArgs) -> Result<Plan, String> {
    let loads = loads(&args.rates)?;
    let mut cells = Vec::new();
    for setting in settings(&args.broker) {
        for &load in &loads {
            if is_idle_talk(setting, load) {
                continue;
            }
            let cell = cell(args, setting, load)?;
            if args.only.as_ref().is_none_or(|text| cell.id.contains(text)) {
                cells.push(cell);
            }
        }
    }
    if cells.is_empty() {
        let names: Vec<String> = settings(&args.broker).iter().map(Setting::to_string).collect();
        return Err(format!("--only matches no setting; there are: {}", names.join(" | ")));
    }
    Ok(plan_of("compare", &args.effort, REPEATS, cells))
}

/// A plan of these cells, as often and from the seed that the flags say which all commands share.
pub fn plan_of(scenario: &str, effort: &Effort, usual_repeats: u32, cells: Vec<Cell>) -> Plan {
    Plan {
        scenario: scenario.to_owned(),
        seed: effort.seed,
        repeats: repeats(effort, usual_repeats),
        limit_passes: 2,
        limit_item_s: limit_item_s(effort),
        cells,
        p99_ms_goal: None,
        left_out: Vec::new(),
    }
}

/// Without acknowledgements there is no latency at a fixed rate, and the rate is what was offered.
fn is_idle_talk(setting: Setting, load: Load) -> bool {
    setting.acks == Acks::None && load != Load::Saturation
}

fn cell(args: &CompareArgs, setting: Setting, load: Load) -> Result<Cell, String> {
    let client = ClientSetup {
        producers: args.load.producers,
        partitions: args.load.partitions,
        load,
        record_bytes: args.load.record_bytes,
        batch_bytes: args.batch_bytes,
        linger_ms: args.linger_ms,
        in_flight: args.in_flight,
        bytes_max: args.run_mib_max << 20,
        ..ClientSetup::usual()
    };
    Ok(Cell {
        id: format!("{setting}, {load}"),
        series: setting.to_string(),
        setting,
        broker: broker_setup(&args.broker, setting),
        client,
        run_s: run_s(&args.effort, RUN_S)?,
        warmup_s: if args.effort.quick { 0.0 } else { WARMUP_S },
        beside: None,
        act: Act::Load,
        half_of: None,
    })
}

/// Settings that can be put in force: of a broker that is not ours only what a topic decides.
fn settings(broker: &Broker) -> Vec<Setting> {
    if broker.broker.is_none() {
        return Setting::all();
    }
    Setting::of_running_broker()
}

/// The setting that is in force when this one is asked for: how a broker writes that is not ours,
/// nobody can choose.
pub fn in_force(broker: &Broker, setting: Setting) -> Setting {
    match broker.broker {
        Some(_) => Setting { path: Path::Configured, ..setting },
        None => setting,
    }
}

/// How the broker of a cell is set, from the flags that all commands share.
pub fn broker_setup(broker: &Broker, setting: Setting) -> BrokerSetup {
    let mut set = broker.set.clone();
    set.extend(broker.spin_us.map(|us| format!("spin.us={us}")));
    let running = broker.broker.is_some();
    let synced = running && setting.durability == Durability::Durable;
    BrokerSetup {
        place: match (running, broker.in_process) {
            (true, _) => Where::Running,
            (false, true) => Where::InProcess,
            (false, false) => Where::Beside,
        },
        set,
        // One shard: one partition needs no more, and the load generator needs a processor too.
        shards: (!running).then_some(broker.shards.unwrap_or(1)),
        // The setting by which any Kafka broker is told to sync before it answers.
        topic_config: match synced {
            true => vec![("flush.messages".to_owned(), "1".to_owned())],
            false => Vec::new(),
        },
    }
}

fn loads(rates: &[String]) -> Result<Vec<Load>, String> {
    let mut loads = vec![Load::Saturation];
    for text in rates.iter().filter(|text| *text != "none") {
        match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => loads.push(Load::Rate(rate)),
            _ => {
                return Err(format!(
                    "--rates {text}: give records per second, as in --rates 10000"
                ));
            }
        }
    }
    Ok(loads)
}

/// How often everything is measured.
fn repeats(effort: &Effort, usual: u32) -> u32 {
    effort.repeats.unwrap_or(if effort.quick { 1 } else { usual })
}

/// Seconds of one run.
///
/// # Errors
/// When `--seconds` is not a time.
pub fn run_s(effort: &Effort, usual: f64) -> Result<f64, String> {
    match effort.seconds {
        Some(s) if s.is_finite() && s >= 0.05 => Ok(s),
        Some(s) => Err(format!("--seconds {s}: give at least 0.05")),
        None if effort.quick => Ok(QUICK_S),
        None => Ok(usual),
    }
}

/// Seconds for each limit.
fn limit_item_s(effort: &Effort) -> f64 {
    if effort.quick { 0.02 } else { LIMIT_ITEM_S }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn args(line: &str) -> CompareArgs {
        let words = ["bench", "compare"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).unwrap().command {
            Command::Compare(args) => args,
            _ => panic!("not compare"),
        }
    }

    #[test]
    fn the_defaults_stay_below_two_minutes_and_two_gigabytes() {
        let plan = plan(&args("")).unwrap();
        assert_eq!(plan.cells.len(), 15 * 3 - 3 * 2);
        let items = crate::limits::items::short_list().len();
        assert!(plan.estimate(items).as_secs() <= 108, "{:?}", plan.estimate(items));
        // One run at a time, and the file that limits are measured on does not exist meanwhile.
        assert!(plan.cells.iter().all(|cell| cell.client.bytes_max <= 1 << 30));
    }

    #[test]
    fn cells_can_be_chosen_and_rates_left_out() {
        let plan = plan(&args("--only durable --rates none --quick")).unwrap();
        let ids: Vec<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
        let expected = ["journal", "direct", "buffered"]
            .map(|p| format!("acks=all durable, {p}, as fast as it goes"));
        assert_eq!(ids, expected);
        assert_eq!((plan.repeats, plan.cells[0].run_s), (1, QUICK_S));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_advice() {
        assert!(plan(&args("--rates fast")).unwrap_err().contains("records per second"));
        assert!(plan(&args("--only nothing")).unwrap_err().contains("acks=all durable, direct"));
        assert!(plan(&args("--seconds 0")).unwrap_err().contains("at least"));
    }

    #[test]
    fn a_foreign_broker_is_told_to_sync_by_the_topic() {
        let plan = plan(&args("--broker h:9092 --rates none")).unwrap();
        let last = plan.cells.last().unwrap();
        assert_eq!(last.broker.place, Where::Running);
        assert_eq!(last.broker.topic_config, [("flush.messages".to_owned(), "1".to_owned())]);
        assert!(plan.cells[0].broker.topic_config.is_empty());
    }
}
