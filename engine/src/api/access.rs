//! Who may do what. Every handler takes an [`Allowed`], which only [`Principal::check`] can make: a
//! handler that forgot to check does not compile.

use std::fmt;

/// The user that everybody is who did not log in.
pub const ANONYMOUS: &str = "ANONYMOUS";

/// What a request does, in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Allowed to everybody, before any login.
    Anything,
    /// Look at names and positions.
    Describe,
    /// Look at settings.
    DescribeConfigs,
    /// Read records.
    Read,
    /// Append records.
    Write,
    /// Get a producer id.
    IdempotentWrite,
    /// Create topics.
    Create,
    /// Delete topics.
    Delete,
    /// Change topics.
    Alter,
    /// Change settings.
    AlterConfigs,
}

/// Who sends a request. Without logins, everybody is anonymous and anonymous may do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    name: String,
}

/// Proof of a check.
#[derive(Clone, Copy, Debug)]
pub struct Allowed(());

/// What a principal may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    who: String,
    operation: Operation,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} may not {:?}", self.who, self.operation)
    }
}

impl Principal {
    /// Whoever did not log in.
    pub fn anonymous() -> Self {
        Principal { name: format!("User:{ANONYMOUS}") }
    }

    /// Checks one operation.
    ///
    /// # Errors
    /// When it is denied. There are no rules yet, so nothing is.
    pub fn check(&self, operation: Operation) -> Result<Allowed, Denied> {
        if self.name.is_empty() {
            return Err(Denied { who: self.name.clone(), operation });
        }
        Ok(Allowed(()))
    }
}
