//! Facts about library functions: what a call does to goroutines and primitives.
//!
//! In: `rules/library.toml`, compiled in. Out: [`Library`], asked by qualified name. Functions that are not listed are
//! unknown: whatever they are handed is used in ways we do not see.

use rustc_hash::{FxHashMap, FxHashSet};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use std::sync::{Arc, LazyLock};

/// What a listed call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Keeps nothing it is handed and blocks on nothing of ours.
    Inert,
    /// Inert, and its result is never nil.
    NonNil,
    /// Inert, and its result is nil if and only if its argument (`argument`) is: an error that is wrapped.
    NilAs,
    /// Inert, and its result is nil if and only if all its arguments are: errors that are joined.
    NilIfAll,
    /// Inert, and its last result, an error, is always nil.
    Succeeds,
    /// Inert, and its result is a list of as many elements as its argument (`argument`) says.
    ListOf,
    /// Puts the elements of a list, its argument (`argument`), into an order that nobody knows.
    Reorders,
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
    /// Starts a goroutine later that calls a function argument, unless the timer it returns is stopped before; the timer's
    /// field `C` is nil.
    SpawnLater,
    /// The same when the first argument, a context, has ended; what it returns is called to stop it.
    SpawnAtEnd,
    /// Stops the receiver, a timer; returns whether it came before the timer had fired.
    TimerStop,
    /// Like `spawn`, counted by the receiver as `WaitGroup.Go` does.
    WaitSpawn,
    /// The same, if the counter's limit lets it; returns whether it has.
    WaitTrySpawn,
    /// Limits how many goroutines of a wait counter run at a time to its argument (`argument`).
    WaitLimit,
    /// Calls a function argument in place, any number of times.
    Call,
    /// Calls a function argument in place, once at most over the receiver's life.
    CallOnce,
    /// Returns a function that calls a function argument the first time it is called.
    OnceFunc,
    /// Calls a function argument in place, exactly once; when that asks to run beside others (`parallel`), starts it.
    CallTest,
    /// Lets the goroutine it is called in run beside the others of its kind: a test that is called by `call-test`.
    Parallel,
    /// Ends the program.
    Exit,
    /// Ends the goroutine, running its deferred calls.
    Goexit,
    /// Ends the test it is called in, running its deferred calls.
    EndTest,
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
    /// Returns a new wait counter; zero values of types with a method that waits (`wait-wait`) are some by themselves.
    Group,
    /// Locks the receiver; waits while anybody else holds it.
    Lock,
    /// Locks the receiver unless somebody holds it; returns whether it did.
    TryLock,
    /// Unlocks the receiver.
    Unlock,
    /// Locks the receiver for reading; waits while somebody holds it for writing.
    ReadLock,
    /// Unlocks the receiver, which was locked for reading.
    ReadUnlock,
    /// Returns a condition, whose lock is its argument (`argument`).
    Cond,
    /// Waits for the receiver, a condition, to be signalled, with its lock given back until then.
    CondWait,
    /// Wakes one of those who wait for the receiver, a condition.
    CondSignal,
    /// Wakes all who wait for the receiver, a condition.
    CondBroadcast,
    /// Closes a channel, its argument (`argument`).
    Close,
    /// Receives from a channel, its argument (`argument`), and returns what comes.
    Receive,
    /// Returns a channel that a clock serves.
    Timer,
    /// Returns a timer: its channel `C` is served by a clock unless somebody stops it before.
    TimerValue,
    /// Returns a ticker: its channel `C` is served by a clock until somebody stops it.
    Ticker,
    /// Stops the receiver, a ticker; its channel stays open.
    TickerStop,
    /// Lets the receiver, a ticker or timer, go on.
    TickerReset,
    /// A context that never ends.
    ContextNever,
    /// Derives a context (from `argument`) that its cancel function ends: returns (context, cancel).
    ContextCancel,
    /// Derives a context (from `argument`) that ends by itself or by its cancel function: returns (context, cancel).
    ContextDeadline,
    /// Derives a context that ends with its parent (`argument`).
    ContextDerive,
    /// A group and a context that ends when the group or its parent (`argument`) does: returns (group, context).
    GroupContext,
    /// Returns the channel that is closed when the receiver, a context, ends.
    ContextDone,
    /// Returns why the receiver, a context, ended.
    ContextErr,
    /// Returns an error only when the context it is given (`argument`) ends.
    ContextBound,
    /// Returns the two ends of a pipe, as `io.Pipe` does.
    Pipe,
    /// Closes the receiver, an end of a pipe.
    PipeClose,
    /// Returns something that reads from its argument (`argument`) or writes to it; nothing, and an error, where it fails.
    PipeWrap,
    /// Writes to its argument, or to its receiver if it is a method, and returns something that writes there as well.
    PipePart,
    /// Writes to its argument, or to its receiver if it is a method, once.
    PipeWrite,
    /// Writes to its argument, or to its receiver if it is a method, any number of times.
    PipeWriteAll,
    /// Reads from its argument, or from its receiver if it is a method, what comes next.
    PipeRead,
    /// The same, returning whether anything came.
    PipeScan,
    /// Reads from its argument, or from its receiver if it is a method, to the end.
    PipeReadAll,
    /// Reads from its second argument to the end and writes to its first.
    PipeCopy,
}

impl Effect {
    /// Whether the call does nothing but compute: dropped where nobody needs what it computes or says.
    pub fn is_pure(self) -> bool {
        matches!(
            self,
            Self::Inert
                | Self::NonNil
                | Self::NilAs
                | Self::NilIfAll
                | Self::Succeeds
                | Self::ListOf
                | Self::Reorders
                | Self::TimerStop
                | Self::AtomicLoad
                | Self::AtomicStore
                | Self::AtomicSwap
                | Self::TickerStop
                | Self::TickerReset
        )
    }

    /// Whether it is about pipes: of no interest where nobody makes one.
    pub fn is_about_pipes(self) -> bool {
        matches!(
            self,
            Self::Pipe
                | Self::PipeClose
                | Self::PipeWrap
                | Self::PipePart
                | Self::PipeWrite
                | Self::PipeWriteAll
                | Self::PipeRead
                | Self::PipeScan
                | Self::PipeReadAll
                | Self::PipeCopy
        )
    }

    /// Whether the call may have to wait for somebody.
    pub fn waits(self) -> bool {
        matches!(
            self,
            Self::WaitWait | Self::Lock | Self::ReadLock | Self::CondWait
        )
    }

    /// Whether the receiver is all the call takes, and it returns nothing.
    pub fn is_all_it_takes(self) -> bool {
        matches!(
            self,
            Self::WaitDone
                | Self::WaitWait
                | Self::TickerStop
                | Self::Lock
                | Self::Unlock
                | Self::ReadLock
                | Self::ReadUnlock
                | Self::CondWait
                | Self::CondSignal
                | Self::CondBroadcast
        )
    }

    /// Whether the call runs a function argument in a goroutine, now or later.
    pub fn starts_argument(self) -> bool {
        matches!(
            self,
            Self::Spawn
                | Self::SpawnLater
                | Self::SpawnAtEnd
                | Self::WaitSpawn
                | Self::WaitTrySpawn
        )
    }

    /// Whether the call runs a function argument, there or in a goroutine, and keeps it for nobody else.
    pub fn runs_argument(self) -> bool {
        self.starts_argument() || matches!(self, Self::Call | Self::CallOnce | Self::CallTest)
    }

    /// Whether the call alone is no reason to follow the function it stands in.
    pub fn is_aside(self) -> bool {
        self.is_pure()
            || matches!(
                self,
                Self::Counter
                    | Self::Parallel
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// `path.Func`, `path.(Type).Method`, `path.(Type).*`, or `path.*` for a whole package.
    #[serde(deserialize_with = "function_name")]
    pub name: String,
    /// What the call does.
    pub effect: Effect,
    /// Index of the argument that the effect is about, such as the function that is called; a receiver does not count.
    #[serde(default)]
    pub argument: usize,
    /// Result types, for typing what comes back: `path.Type`.
    #[serde(default, deserialize_with = "type_name")]
    pub returns: Option<String>,
}

impl Fact {
    /// The package and the name of the type of the first result.
    pub fn returned(&self) -> Option<(&str, &str)> {
        self.returns.as_deref()?.rsplit_once('.')
    }
}

#[derive(Deserialize)]
struct Table {
    function: Vec<Fact>,
    #[serde(default)]
    command: Vec<Command>,
}

/// A type of a library for command lines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    /// `path.Type`.
    #[serde(rename = "type", deserialize_with = "type_name")]
    name: Option<String>,
}

/// Refuses a name that nothing could ever have: such an entry would be there in vain.
fn function_name<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let name = String::deserialize(input)?;
    if is_function_name(&name) {
        return Ok(name);
    }
    Err(de::Error::custom(format!(
        "`{name}` names no function; write `path.Func`, `path.(Type).Method` (without `*` before the type), \
         or `path.*`, with the whole import path"
    )))
}

/// Refuses what no type of a package can be called: nothing would be found by it.
fn type_name<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(input)?;
    if is_function_name(&name) && !name.contains(['(', '*']) {
        return Ok(Some(name));
    }
    Err(de::Error::custom(format!(
        "`{name}` names no type; write `path.Type` (without `*` before it), with the whole import path"
    )))
}

fn is_function_name(name: &str) -> bool {
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
    let last = name.rsplit_once('/').map_or(name, |(_, last)| last);
    let method = last
        .split_once(".(")
        .map(|(package, rest)| (package, rest.split_once(").")));
    let sound = match method {
        Some((package, Some((ty, method)))) => {
            !package.is_empty() && is_word(ty) && (is_word(method) || method == "*")
        }
        Some((_, None)) => false,
        None => last.rsplit_once('.').is_some_and(|(package, function)| {
            !package.is_empty() && (is_word(function) || function == "*")
        }),
    };
    sound && !name.starts_with('/') && !name.contains(char::is_whitespace)
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Library {
    facts: FxHashMap<String, Fact>,
    /// Types one can wait for, as `path.(Type)`.
    groups: FxHashSet<String>,
    /// Names of functions that make a pipe, without their packages.
    pipes: Vec<String>,
    /// Types by which a function is known as what a command line runs, as `path.Type`.
    commands: Arc<FxHashSet<String>>,
}

impl Library {
    /// The table that goleash ships.
    pub fn standard() -> Arc<Self> {
        static STANDARD: LazyLock<Arc<Library>> = LazyLock::new(|| {
            // The table is part of the binary and a test reads it: an empty one cannot get out unnoticed.
            let library = Library::parse(include_str!("../rules/library.toml"));
            Arc::new(library.unwrap_or_else(|_| Library::of(FxHashMap::default(), Arc::default())))
        });
        Arc::clone(&STANDARD)
    }

    /// The table with further entries, which win over those of the same name.
    #[must_use]
    pub fn with(&self, facts: impl IntoIterator<Item = Fact>) -> Self {
        let mut all = self.facts.clone();
        all.extend(facts.into_iter().map(|fact| (fact.name.clone(), fact)));
        Self::of(all, Arc::clone(&self.commands))
    }

    fn of(facts: FxHashMap<String, Fact>, commands: Arc<FxHashSet<String>>) -> Self {
        let waits = facts.values().filter(|f| f.effect == Effect::WaitWait);
        let types = waits
            .filter_map(|f| f.name.rsplit_once(")."))
            .map(|(ty, _)| ty);
        let groups = types.map(|ty| format!("{ty})")).collect();
        let pipes = facts.values().filter(|f| f.effect == Effect::Pipe);
        let pipes = pipes.filter_map(|f| Some(f.name.rsplit_once('.')?.1.to_owned()));
        let mut pipes: Vec<String> = pipes.collect();
        pipes.sort_unstable();
        Self {
            facts,
            groups,
            pipes,
            commands,
        }
    }

    /// Reads a table; the error says where it is wrong.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let table: Table = toml::from_str(text)?;
        let facts = table.function.into_iter();
        let commands = table.command.into_iter().filter_map(|command| command.name);
        Ok(Self::of(
            facts.map(|f| (f.name.clone(), f)).collect(),
            Arc::new(commands.collect()),
        ))
    }

    /// All facts, in no particular order.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// Whether a function of this name, of whatever package, makes a pipe.
    pub fn makes_pipe(&self, name: &str) -> bool {
        self.pipes.iter().any(|pipe| pipe == name)
    }

    /// Names of functions that make a pipe and are not called `Pipe`.
    pub fn other_pipes(&self) -> impl Iterator<Item = &str> {
        let names = self.pipes.iter().map(String::as_str);
        names.filter(|name| *name != "Pipe")
    }

    /// The fact for a function of package `path`; `pipes` says whether what is about pipes counts.
    pub fn function(&self, path: &str, name: &str, pipes: bool) -> Option<&Fact> {
        let listed = self.facts.get(&format!("{path}.{name}"));
        let listed = listed.filter(|fact| pipes || !fact.effect.is_about_pipes());
        listed.or_else(|| {
            self.facts
                .get(&format!("{path}.*"))
                .filter(|_| !ends_by_name(name))
        })
    }

    /// Whether the zero value of type `name` of package `path` is a wait group.
    pub fn is_group(&self, path: &str, name: &str) -> bool {
        is_group(path, name) || self.groups.contains(&format!("{path}.({name})"))
    }

    /// Whether a function that is handed a value of this type, or returns one, is what a command line runs.
    pub fn is_command(&self, path: &str, name: &str) -> bool {
        self.commands.contains(&format!("{path}.{name}"))
    }

    /// The fact for a method of type `ty` of package `path`; `pipes` says whether what is about pipes counts.
    pub fn method(&self, path: &str, ty: &str, name: &str, pipes: bool) -> Option<&Fact> {
        let listed = self.facts.get(&format!("{path}.({ty}).{name}"));
        let listed = listed.filter(|fact| pipes || !fact.effect.is_about_pipes());
        listed.or_else(|| {
            let any = [format!("{path}.({ty}).*"), format!("{path}.*")];
            any.iter()
                .find_map(|key| self.facts.get(key))
                .filter(|_| !ends_by_name(name))
        })
    }
}

/// Types whose zero value counts goroutines, one up for each that is started and one down when it ends.
const GROUPS: [(&str, &str); 5] = [
    ("sync", "WaitGroup"),
    ("golang.org/x/sync/errgroup", "Group"),
    ("github.com/hashicorp/go-multierror", "Group"),
    ("github.com/sourcegraph/conc", "WaitGroup"),
    ("k8s.io/apimachinery/pkg/util/wait", "Group"),
];

/// Whether the zero value of type `name` of package `path` is a wait group in every project; those of a project's own are taken
/// for a `sync.WaitGroup` where they are made.
pub fn is_group(path: &str, name: &str) -> bool {
    GROUPS.contains(&(path, name))
}

/// Functions and methods that by convention do not return, whoever offers them: loggers and tests.
pub const ENDING: [&str; 12] = [
    "Fatal", "Fatalf", "Fatalln", "Fatalw", "Panic", "Panicf", "Panicln", "Panicw", "FailNow",
    "Skip", "Skipf", "SkipNow",
];

/// Whether a function or method does not return, by its name.
pub fn ends_by_name(name: &str) -> bool {
    ENDING.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_reads() {
        let library = Library::parse(include_str!("../rules/library.toml")).expect("a valid table");
        assert_eq!(
            library
                .method("sync", "WaitGroup", "Go", false)
                .map(|f| f.effect),
            Some(Effect::WaitSpawn)
        );
        assert_eq!(
            library.function("fmt", "Println", false).map(|f| f.effect),
            Some(Effect::Inert)
        );
        assert!(library.function("example.com/x", "Go", false).is_none());
        let names = library.facts.keys();
        let odd: Vec<_> = names.filter(|name| !is_function_name(name)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
    #[test]
    fn further_entries_win() {
        let more = "[[function]]\nname = \"example.com/x.Go\"\neffect = \"spawn\"\n\
                    [[function]]\nname = \"fmt.Println\"\neffect = \"exit\"\n";
        let table: Table = toml::from_str(more).expect("a valid table");
        let library = Library::standard().with(table.function);
        let effect = |path, name| library.function(path, name, false).map(|f| f.effect);
        assert_eq!(effect("example.com/x", "Go"), Some(Effect::Spawn));
        assert_eq!(effect("fmt", "Println"), Some(Effect::Exit));
        assert_eq!(effect("fmt", "Printf"), Some(Effect::Inert));
    }

    #[test]
    fn names_that_no_function_can_have_are_refused() {
        for name in [
            "fmt.Println",
            "a.b/c.d.F",
            "example.com/x.(T).M",
            "x.(T).*",
            "x.*",
        ] {
            assert!(is_function_name(name), "{name}");
        }
        for name in [
            "", "F", "x.(*T).M", "x.(T)", "x/y", "x.F()", "x. F", "/x.F", ".F", "x.",
        ] {
            assert!(!is_function_name(name), "{name}");
        }
    }
}
