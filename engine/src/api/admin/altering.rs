//! What AlterConfigs and IncrementalAlterConfigs have in common: whose settings are meant, and each resource answered on
//! its own, in the order of the request.

use std::collections::{HashMap, HashSet};

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::describe_configs::{RESOURCE_TYPE_BROKER, RESOURCE_TYPE_TOPIC};

use super::commanded;
use crate::api::{Context, Origin, Step, Work};
use crate::broker::controller::configs::{ConfigChange, Resource};
use crate::broker::controller::{Command, Fault, Outcome};
use crate::config::dynamic::Change;
use crate::log::directory;

/// A resource of a request.
pub(super) struct Asked {
    /// Kafka's number for its kind.
    pub(super) kind: i8,
    /// Its name.
    pub(super) name: String,
    /// What becomes of it, or why nothing.
    pub(super) change: Result<Change, Fault>,
}

/// A resource that was asked for, and what became of it.
pub(super) type Altered = (i8, String, Option<Fault>);

/// Alters all that can be altered, and responds.
pub(super) fn alter(
    origin: Origin,
    asked: Vec<Asked>,
    validate_only: bool,
    context: &Context<'_>,
    respond: impl FnOnce(Origin, Vec<Altered>) -> Step + Send + 'static,
) -> (Work, Step) {
    let mut mentions: HashMap<(i8, String), usize> = HashMap::new();
    asked.iter().for_each(|one| *mentions.entry((one.kind, one.name.clone())).or_default() += 1);
    let (mut changes, mut altered) = (Vec::new(), Vec::new());
    for Asked { kind, name, change } in asked {
        let resource = match mentions[&(kind, name.clone())] {
            1 => resource(kind, &name, context),
            _ => Err(invalid("Each resource must appear at most once.")),
        };
        let fault =
            match resource.and_then(|resource| Ok(ConfigChange { resource, change: change? })) {
                Ok(change) => {
                    changes.push(change);
                    None
                }
                Err(fault) => Some(fault),
            };
        altered.push((kind, name, fault));
    }
    if changes.is_empty() {
        return (Work::Done, respond(origin, altered));
    }
    let command = Command::AlterConfigs { changes, validate_only };
    commanded::command(origin, command, |origin, outcome, _| {
        let Outcome::Altered(outcome) = outcome else { unreachable!("a change was asked for") };
        let mut outcome = outcome.into_iter();
        for (_, _, fault) in altered.iter_mut().filter(|(_, _, fault)| fault.is_none()) {
            *fault = outcome.next().expect("an outcome for each change").err();
        }
        (Work::Done, respond(origin, altered))
    })
}

fn resource(kind: i8, name: &str, context: &Context<'_>) -> Result<Resource, Fault> {
    match kind {
        RESOURCE_TYPE_TOPIC if !directory::is_topic_name(name) => {
            Err(Fault::new(ErrorCode::InvalidTopic, format!("{name:?} is no topic name")))
        }
        RESOURCE_TYPE_TOPIC => Ok(Resource::Topic(name.to_owned())),
        RESOURCE_TYPE_BROKER if name.is_empty() => Ok(Resource::Brokers),
        RESOURCE_TYPE_BROKER => match name.parse::<i32>() {
            Ok(id) if id == context.node.id => Ok(Resource::Broker),
            Ok(id) => Err(invalid(format!("this is broker {}, not {id}", context.node.id))),
            Err(_) => Err(invalid(format!("Node id must be an integer, but it is: {name}"))),
        },
        other => Err(invalid(format!("resources of type {other} have no settings here"))),
    }
}

/// Each name once, and each that needs a value with one.
pub(super) fn check_names<'a>(names: impl Iterator<Item = (&'a str, bool)>) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    for (name, lacks_value) in names {
        if lacks_value {
            return Err(invalid(format!("Null value not supported for : {name}")));
        }
        if !seen.insert(name) {
            return Err(invalid(format!("`{name}` is named more than once")));
        }
    }
    Ok(())
}

pub(super) fn invalid(why: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::InvalidRequest, why)
}

/// Kafka's code and the words of what became of a resource.
pub(super) fn told<T: From<String>>(fault: Option<Fault>) -> (ErrorCode, Option<T>) {
    match fault {
        Some(fault) => (fault.code, Some(fault.message.into())),
        None => (ErrorCode::None, None),
    }
}
