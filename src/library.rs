//! Facts about library functions: what a call does to goroutines and primitives.
//!
//! In: `rules/library.toml`, compiled in. Out: [`Library`], asked by qualified name. Functions that are not listed are
//! unknown: whatever they are handed is used in ways we do not see.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::sync::LazyLock;

/// What a listed call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Keeps nothing it is handed and blocks on nothing of ours.
    Inert,
    /// Inert, and its result is never nil.
    NonNil,
    /// Inert, and its result is a shared counter's value, on which nothing may be counted.
    Counter,
    /// Reads the receiver's value.
    AtomicLoad,
    /// Sets the receiver's value.
    AtomicStore,
    /// Adds to the receiver's value and returns the sum.
    AtomicAdd,
    /// Sets the receiver's value and returns what it was.
    AtomicSwap,
    /// Sets the receiver's value if it is the first argument; returns whether it was.
    AtomicCas,
    /// Starts a goroutine that calls a function argument.
    Spawn,
    /// Like `spawn`, counted by the receiver as `WaitGroup.Go` does.
    WaitSpawn,
    /// Calls a function argument in place, any number of times.
    Call,
    /// Calls a function argument in place, once at most over the receiver's life.
    CallOnce,
    /// Ends the program.
    Exit,
    /// Ends the goroutine, running its deferred calls.
    Goexit,
    /// Ends the test unless its argument (`argument`) is nil.
    RequireNil,
    /// Ends the test unless its argument is not nil.
    RequireNonNil,
    /// Ends the test unless its argument is true.
    RequireTrue,
    /// Ends the test unless its argument is false.
    RequireFalse,
    /// Adds to a wait counter.
    WaitAdd,
    /// Takes one from a wait counter.
    WaitDone,
    /// Waits for a wait counter.
    WaitWait,
    /// Returns a channel that a clock serves.
    Timer,
    /// Returns a value whose field `C` is a channel that a clock serves.
    TimerValue,
    /// A context that never ends.
    ContextNever,
    /// Derives a context that its cancel function ends: returns (context, cancel).
    ContextCancel,
    /// Derives a context that ends by itself or by its cancel function: returns (context, cancel).
    ContextDeadline,
    /// Derives a context that ends with its parent.
    ContextDerive,
    /// A group and a context that ends when the group does: returns (group, context).
    GroupContext,
    /// Returns the channel that is closed when the receiver, a context, ends.
    ContextDone,
    /// Returns why the receiver, a context, ended.
    ContextErr,
    /// Returns an error only when the context it is given (`argument`) ends.
    ContextBound,
}

impl Effect {
    /// Whether the call does nothing but compute: dropped where nobody needs what it computes or says.
    pub fn is_pure(self) -> bool {
        matches!(
            self,
            Self::Inert | Self::NonNil | Self::AtomicLoad | Self::AtomicStore | Self::AtomicSwap
        )
    }

    /// Whether the call alone is no reason to follow the function it stands in.
    pub fn is_aside(self) -> bool {
        self.is_pure()
            || matches!(
                self,
                Self::Counter
                    | Self::AtomicAdd
                    | Self::AtomicCas
                    | Self::RequireNil
                    | Self::RequireNonNil
                    | Self::RequireTrue
                    | Self::RequireFalse
            )
    }
}

/// One entry of the table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `path.Func`, `path.(Type).Method`, or `path.*` for a whole package.
    pub name: String,
    /// What the call does.
    pub effect: Effect,
    /// Index of the function argument, for effects that call one.
    #[serde(default)]
    pub argument: usize,
    /// Result types, for typing what comes back: `path.Type`.
    #[serde(default)]
    pub returns: Option<String>,
}

#[derive(Deserialize)]
struct Table {
    function: Vec<Fact>,
}

/// The table.
#[derive(Debug)]
pub struct Library {
    facts: FxHashMap<String, Fact>,
}

impl Library {
    /// The table that goleash ships.
    pub fn standard() -> &'static Self {
        static STANDARD: LazyLock<Library> = LazyLock::new(|| {
            // The table is part of the binary and a test reads it: an empty one cannot get out unnoticed.
            Library::parse(include_str!("../rules/library.toml")).unwrap_or_else(|_| Library {
                facts: FxHashMap::default(),
            })
        });
        &STANDARD
    }

    /// Reads a table; the error says where it is wrong.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        Ok(Self {
            facts: table
                .function
                .into_iter()
                .map(|f| (f.name.clone(), f))
                .collect(),
        })
    }

    /// The fact for a function of package `path`.
    pub fn function(&self, path: &str, name: &str) -> Option<&Fact> {
        let listed = self.facts.get(&format!("{path}.{name}"));
        listed.or_else(|| {
            self.facts
                .get(&format!("{path}.*"))
                .filter(|_| !ends_by_name(name))
        })
    }

    /// The fact for a method of type `ty` of package `path`.
    pub fn method(&self, path: &str, ty: &str, name: &str) -> Option<&Fact> {
        let listed = self.facts.get(&format!("{path}.({ty}).{name}"));
        listed.or_else(|| {
            let any = [format!("{path}.({ty}).*"), format!("{path}.*")];
            any.iter()
                .find_map(|key| self.facts.get(key))
                .filter(|_| !ends_by_name(name))
        })
    }
}

/// Functions and methods that by convention do not return, whoever offers them: loggers and tests.
pub fn ends_by_name(name: &str) -> bool {
    matches!(
        name,
        "Fatal"
            | "Fatalf"
            | "Fatalln"
            | "Fatalw"
            | "Panic"
            | "Panicf"
            | "Panicln"
            | "Panicw"
            | "FailNow"
            | "Skip"
            | "Skipf"
            | "SkipNow"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_reads() {
        let library = Library::parse(include_str!("../rules/library.toml")).expect("a valid table");
        assert_eq!(
            library.method("sync", "WaitGroup", "Go").map(|f| f.effect),
            Some(Effect::WaitSpawn)
        );
        assert_eq!(
            library.function("fmt", "Println").map(|f| f.effect),
            Some(Effect::Inert)
        );
        assert!(library.function("example.com/x", "Go").is_none());
    }
}
