//! Which names get series of their own: the first so many, for as long as they are there. A name never changes sides, or
//! its counter would seem to go backwards.

use std::collections::HashMap;

/// What the rest is called.
pub const OTHER: &str = "other";

/// Names with series of their own, and those without.
#[derive(Debug)]
pub struct Bounded {
    max: usize,
    /// Whether each name has its own.
    names: HashMap<String, bool>,
    own: usize,
}

impl Bounded {
    /// No names yet; `max` may have series of their own.
    pub fn new(max: usize) -> Self {
        Bounded { max, names: HashMap::new(), own: 0 }
    }

    /// The label of a name.
    pub fn label<'a>(&mut self, name: &'a str) -> &'a str {
        let is_own = match self.names.get(name) {
            Some(is_own) => *is_own,
            None => {
                let is_own = self.own < self.max;
                self.own += usize::from(is_own);
                self.names.insert(name.to_owned(), is_own);
                is_own
            }
        };
        if is_own { name } else { OTHER }
    }

    /// Forgets names that are not there any more, so that new ones have room.
    pub fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.names.retain(|name, _| is_there(name));
        self.own = self.names.values().filter(|is_own| **is_own).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_names_keep_their_series_and_a_name_never_changes_sides() {
        let mut bounded = Bounded::new(2);
        assert_eq!(["a", "b", "c", "a"].map(|name| bounded.label(name)), ["a", "b", OTHER, "a"]);
        bounded.keep(|name| name != "a");
        assert_eq!(["c", "d", "e", "b"].map(|name| bounded.label(name)), [OTHER, "d", OTHER, "b"]);
    }
}
