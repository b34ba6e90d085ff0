//! Which function bodies have to be parsed for the findings to be those of the whole directory.
//!
//! In: outlines of a directory's files, the library, and the declarations. Out: for each function whether its body is
//! *needed*, and if not, whether it is *active*: may do something by itself. Names are compared and nothing else, so it may
//! only pick too much.
//!
//! A body is active when it
//!
//! 1. has a mark (`<-`, `chan`, `go`, `select`, `close`, `.Pipe`), or names a library function that waits for something or lets others
//!    go on: it *acts*,
//! 2. names a function that acts: whoever calls that does what it does,
//! 3. names a library function that makes something to wait for: its caller may get that, or
//! 4. may stop its caller (it panics, exits, or loops for ever), or names a function that may.
//!
//! A body is needed when a search may begin in it, or when what it does to fields counts by itself:
//!
//! 1. it has a mark, or waits;
//! 2. it names a field that only this package can name, or a package variable, and that leads to a channel or a wait group,
//!    or a field that is a function: a copy may be used in any way;
//! 3. it names a needed function that acts and may give it something;
//! 4. it makes something, or gets it from a function that does, and names any function that acts: that may wait for it;
//! 5. it has a literal of a type that leads to a channel: whoever gets that may start something with it; or
//! 6. it names a needed function that acts and that only this package can name: whether anybody calls that makes a
//!    difference.
//!
//! The other active bodies are read where one that was read calls them, and those that are not active where they are handed
//! something ([`crate::flow::lower_asking`]).

use super::rounds::Rounds;
use super::words::Words;
use crate::library::{ENDING, Effect, Fact, Library};
use crate::outline::{Function, Outline, Word};
use crate::resolve::is_exported;
use crate::source::Span;
use crate::syntax::ast::{Decl, Elided, Expr, ExprId, File, FuncDecl, Name};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Per function of a file, in the outline's order, whether it is needed.
pub(super) type Choice = Vec<bool>;

/// What is known of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Known {
    needed: bool,
    acts: bool,
    /// It names a function that acts.
    calls: bool,
    /// It may stop its caller.
    ends: bool,
    /// It makes something that can be waited for: what it calls may wait.
    makes: bool,
    /// Its results may lead to something.
    gives: bool,
}

/// The fixed point of names that matter.
pub(super) struct Needed<'o> {
    outlines: &'o [Arc<Outline>],
    known: Vec<Vec<Known>>,
    judge: Judge,
}

/// What tells whether a body matters, once all names that do are known.
#[derive(Debug, Default)]
pub(super) struct Judge {
    library: Arc<Marks>,
    names: Names,
}

impl Judge {
    /// What a body makes of its function. Where all bodies still make of theirs what they made of it when the names were
    /// collected, no other function matters now.
    pub(super) fn of(&self, outline: &Outline, function: &Function) -> Known {
        let mut known = self.library.of(outline, function);
        self.names.mark(outline, function, &mut known);
        known
    }
}

/// Names of library functions, by what they make of the functions that name them.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Marks {
    /// With a whole package of functions that wait no name tells those from others.
    all: bool,
    waits: Words,
    makes: Words,
    ends: Words,
}

impl Marks {
    /// What is about pipes counts where one is made.
    fn of_library(library: &Library, pipes: bool) -> Self {
        let call = |name: &str| Word::member(name.as_bytes()).as_call();
        let mut marks = Self::default();
        for name in ENDING {
            marks.ends.add(call(name));
        }
        let facts = library.facts();
        for fact in facts.filter(|fact| pipes || !fact.effect.is_about_pipes()) {
            let name = fact.name.rsplit('.').next().unwrap_or_default();
            let words = match sort(fact.effect) {
                Sort::Nothing if is_group_of_others(fact) => &mut marks.waits,
                Sort::Waits => &mut marks.waits,
                Sort::Makes => &mut marks.makes,
                Sort::Ends => &mut marks.ends,
                Sort::Nothing => continue,
            };
            marks.all |= name == "*";
            words.add(call(name));
        }
        marks
    }

    /// What a function is known to do by its own words.
    fn of(&self, outline: &Outline, function: &Function) -> Known {
        let names = |words: &Words| {
            let mut of = outline.words_of(function).iter();
            of.any(|word| words.has(*word))
        };
        // What nobody could look at for itself may do anything.
        let unknown = !outline.sure && function.broken;
        let waits = unknown || self.all || function.marked || names(&self.waits);
        let makes = unknown || names(&self.makes);
        Known {
            // Where the lexer is not sure nothing is left out.
            needed: waits || !outline.sure,
            acts: waits,
            calls: unknown,
            ends: unknown || function.stops || names(&self.ends),
            makes,
            gives: false,
        }
    }
}

/// What a name makes of the functions that name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// Needed, and acting.
    Needed,
    /// Acting.
    Acts,
    /// Getting something that can be waited for.
    Makes,
    /// Stopping.
    Ends,
}

/// Names that matter, by what they make of the functions that name them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Names {
    /// Needed, and nothing more.
    kept: Words,
    /// Needed, and acting.
    needed: Words,
    /// Acting.
    acts: Words,
    /// Getting something that can be waited for.
    makes: Words,
    /// Stopping.
    ends: Words,
}

impl Names {
    fn is_empty(&self) -> bool {
        let all = [
            &self.kept,
            &self.needed,
            &self.acts,
            &self.makes,
            &self.ends,
        ];
        all.iter().all(|words| words.is_empty())
    }

    /// Adds what the words of a body make of its function.
    fn mark(&self, outline: &Outline, function: &Function, known: &mut Known) {
        for word in outline.words_of(function) {
            known.needed |= self.needed.has(*word) || self.kept.has(*word);
            known.calls |= self.acts.has(*word);
            known.acts |= self.needed.has(*word) || self.acts.has(*word);
            known.makes |= self.makes.has(*word);
            known.ends |= self.ends.has(*word);
        }
        known.needed |= known.makes && known.calls;
    }

    /// Adds a name.
    pub(super) fn add(&mut self, what: As, name: Word) {
        let words = match what {
            As::Needed => &mut self.needed,
            As::Acts => &mut self.acts,
            As::Makes => &mut self.makes,
            As::Ends => &mut self.ends,
        };
        words.add(name);
    }

    fn add_all(&mut self, other: &Self) {
        self.kept.add_all(&other.kept);
        self.needed.add_all(&other.needed);
        self.acts.add_all(&other.acts);
        self.makes.add_all(&other.makes);
        self.ends.add_all(&other.ends);
    }
}

impl<'o> Needed<'o> {
    /// Looks for marks, but for those that are in `earlier`.
    pub(super) fn new(
        outlines: &'o [Arc<Outline>],
        library: &Library,
        earlier: &mut Rounds,
    ) -> Self {
        let pipes = outlines.iter().any(|outline| makes_pipe(outline, library));
        let library = Arc::new(Marks::of_library(library, pipes));
        let known = earlier.start(&library, outlines, |outline| {
            let functions = outline.functions.iter();
            functions.map(|f| library.of(outline, f)).collect()
        });
        Self {
            known,
            outlines,
            judge: Judge {
                library,
                names: Names::default(),
            },
        }
    }

    /// What is needed to judge changed bodies.
    pub(super) fn into_judge(self) -> Judge {
        self.judge
    }

    /// Which functions are needed as far as is known.
    pub(super) fn choice(&self) -> Vec<Choice> {
        let choice = |known: &Vec<Known>| known.iter().map(|k| k.needed).collect();
        self.known.iter().map(choice).collect()
    }

    /// Follows the names that matter, now that the declarations in `files` say which fields and variables do. What is in
    /// `earlier` is not looked for again.
    pub(super) fn close(&mut self, files: &[Arc<File>], earlier: &mut Rounds) {
        let leading = Leading::of(files);
        let mut names = Names::default();
        // A literal of such a type is a place for channels that come later.
        for name in leading.types.iter().chain(&leading.locked) {
            names.needed.add(Word::plain(name.as_bytes()).as_literal());
        }
        for (at, file) in files.iter().enumerate() {
            // What only an earlier analysis has read does not count.
            let outline = &self.outlines[at];
            let skipped = outline.functions.iter().zip(&self.known[at]);
            let skipped = skipped.filter(|(_, known)| !known.needed);
            let skipped: Vec<Span> = skipped.map(|(function, _)| function.body).collect();
            leading.fields(file, &skipped, &mut names);
            leading.variables(file, &mut names);
            self.results(at, file);
        }
        for (outline, known) in self.outlines.iter().zip(&self.known) {
            for (function, known) in outline.functions.iter().zip(known) {
                called(*known, Known::default(), function, &mut |what, name| {
                    names.add(what, name);
                });
            }
        }
        let mut rounds = 0;
        while !names.is_empty() {
            self.judge.names.add_all(&names);
            names = self.spread(&names, rounds, earlier);
            rounds += 1;
        }
        earlier.end(rounds);
    }

    /// Tells the functions without bodies in the file with the index `at` apart: those that may do something by themselves.
    pub(super) fn tell(&self, at: usize, file: &mut Arc<File>) {
        let told = |function: &FuncDecl| {
            function.elided.map(|_| {
                let known = self.outlines[at].index(function.span.start);
                match known.map(|index| self.known[at][index]) {
                    Some(known) if known.acts || known.makes || known.ends => Elided::Active,
                    _ => Elided::Idle,
                }
            })
        };
        let is_told = |decl: &Decl| match decl {
            Decl::Func(function) => function.elided == told(function),
            _ => true,
        };
        if file.decls.iter().all(is_told) {
            return;
        }
        for decl in &mut Arc::make_mut(file).decls {
            if let Decl::Func(function) = decl {
                function.elided = told(function);
            }
        }
    }

    /// Looks which functions may give something to their callers.
    fn results(&mut self, at: usize, file: &File) {
        for decl in &file.decls {
            if let Decl::Func(function) = decl
                && let Some(index) = self.outlines[at].index(function.span.start)
            {
                let mut results = function.signature.results.iter();
                self.known[at][index].gives = results.any(|r| !is_plain(file, r.ty));
            }
        }
    }

    /// Finds the functions that name one of `names` and were not known to matter so much; their own names are returned.
    fn spread(&mut self, names: &Names, number: usize, earlier: &mut Rounds) -> Names {
        let mut next = Names::default();
        let round = earlier.begin(number, names, self.outlines.len());
        let files = self.outlines.iter().zip(&mut self.known);
        for (file, (outline, known)) in files.enumerate() {
            let found = round.follow(file, outline, known, |known| {
                let mut found = Vec::new();
                for (function, known) in outline.functions.iter().zip(known) {
                    let before = *known;
                    if before.needed && before.acts && before.ends {
                        continue;
                    }
                    names.mark(outline, function, known);
                    called(*known, before, function, &mut |what, name| {
                        found.push((what, name));
                    });
                }
                found
            });
            found.iter().for_each(|(what, name)| next.add(*what, *name));
        }
        next
    }
}

/// Tells the name by which others call a function of which more is known than `before`.
fn called(now: Known, before: Known, function: &Function, tell: &mut dyn FnMut(As, Word)) {
    let name = if function.method {
        function.name.as_member()
    } else {
        function.name
    };
    let counts = |known: Known| known.needed && known.acts;
    if now.acts && !before.acts {
        tell(As::Acts, name);
    }
    if counts(now) && !counts(before) && (now.gives || !function.exported) {
        tell(As::Needed, name);
    }
    if now.makes && !before.makes && now.gives {
        tell(As::Makes, name);
    }
    if now.ends && !before.ends {
        tell(As::Ends, name);
    }
}

/// What a library call makes of the function it stands in.
enum Sort {
    /// It waits, or lets others go on: needed.
    Waits,
    /// It makes something to wait for: active.
    Makes,
    /// It does not come back: active.
    Ends,
    Nothing,
}

/// Whether a wait group is acted on whose declaration no name tells.
fn is_group_of_others(fact: &Fact) -> bool {
    let acts = matches!(
        fact.effect,
        Effect::WaitAdd
            | Effect::WaitDone
            | Effect::WaitWait
            | Effect::WaitSpawn
            | Effect::WaitTrySpawn
            | Effect::WaitLimit
    );
    acts && !fact.name.contains("Group).")
}

fn sort(effect: Effect) -> Sort {
    match effect {
        Effect::Exit | Effect::Goexit | Effect::EndTest => Sort::Ends,
        Effect::Timer
        | Effect::TimerValue
        | Effect::Ticker
        | Effect::ContextCancel
        | Effect::ContextDeadline
        | Effect::ContextDerive
        | Effect::ContextDone
        | Effect::Group
        | Effect::GroupContext
        | Effect::Pipe
        | Effect::PipeWrap => Sort::Makes,
        // These do what the functions do that they are handed.
        Effect::Call | Effect::CallOnce | Effect::OnceFunc | Effect::CallTest => Sort::Nothing,
        // A context that nobody ends is nothing to wait for.
        Effect::ContextNever | Effect::ContextErr => Sort::Nothing,
        Effect::Cond => Sort::Makes,
        // Behind names as common as `Add` and `Wait` always stands a wait group, which is declared somewhere.
        Effect::WaitAdd
        | Effect::WaitDone
        | Effect::WaitWait
        | Effect::WaitSpawn
        | Effect::WaitTrySpawn => Sort::Nothing,
        // A group that is limited is waited for where it is started as well.
        Effect::WaitLimit => Sort::Waits,
        Effect::CondWait => Sort::Nothing,
        other if other.is_aside() => Sort::Nothing,
        _ => Sort::Waits,
    }
}

/// Whether somebody may make a pipe; one that is configured may have another name than those the lexer knows.
fn makes_pipe(outline: &Outline, library: &Library) -> bool {
    let named = |name: &str| {
        let word = Word::member(name.as_bytes()).as_call();
        outline.words.contains(&word)
    };
    outline.pipes || library.other_pipes().any(named)
}

/// Whether values of a type are plain data.
fn is_plain(file: &File, ty: ExprId) -> bool {
    match file.expr(ty) {
        Expr::Ident(name) => matches!(
            name.as_str(),
            "bool"
                | "string"
                | "error"
                | "byte"
                | "rune"
                | "int"
                | "int8"
                | "int16"
                | "int32"
                | "int64"
                | "uint"
                | "uint8"
                | "uint16"
                | "uint32"
                | "uint64"
                | "uintptr"
                | "float32"
                | "float64"
                | "complex64"
                | "complex128"
        ),
        Expr::SliceType(inner) | Expr::ArrayType(_, inner) => is_plain(file, *inner),
        Expr::MapType(key, value) => is_plain(file, *key) && is_plain(file, *value),
        _ => false,
    }
}

/// Names of types that matter.
#[derive(Default)]
struct Leading {
    /// Those that lead to a channel, a cancel function or a wait group through fields, pointers and elements.
    types: BTreeSet<Name>,
    /// Those that are functions.
    functions: BTreeSet<Name>,
    /// Those with a lock in them: whoever makes one makes a lock, and whoever uses that names its methods.
    locked: BTreeSet<Name>,
}

impl Leading {
    /// Looks at all types that `files` declare.
    fn of(files: &[Arc<File>]) -> Self {
        let mut leading = Self::default();
        loop {
            let before = leading.len();
            for file in files {
                for decl in &file.decls {
                    let Decl::Type(spec) = decl else { continue };
                    if leading.leads(file, spec.ty) {
                        leading.types.insert(spec.name.clone());
                    }
                    if leading.is_function(file, spec.ty) {
                        leading.functions.insert(spec.name.clone());
                    }
                    if leading.locks(file, spec.ty) {
                        leading.locked.insert(spec.name.clone());
                    }
                }
            }
            if leading.len() == before {
                return leading;
            }
        }
    }

    fn len(&self) -> usize {
        self.types.len() + self.functions.len() + self.locked.len()
    }

    /// Whether a value of a type has a lock in it.
    fn locks(&self, file: &File, ty: ExprId) -> bool {
        match file.expr(ty) {
            Expr::Ident(name) => self.locked.contains(name),
            Expr::Selector(_, name, _) => matches!(name.as_str(), "Mutex" | "RWMutex"),
            Expr::ArrayType(_, inner) => self.locks(file, *inner),
            Expr::StructType(fields) => fields.iter().any(|field| self.locks(file, field.ty)),
            _ => false,
        }
    }

    fn leads(&self, file: &File, ty: ExprId) -> bool {
        let leads = |ty: &ExprId| self.leads(file, *ty);
        match file.expr(ty) {
            Expr::ChanType(..) => true,
            Expr::Ident(name) => self.types.contains(name),
            Expr::Selector(_, name, _) => matches!(
                name.as_str(),
                "CancelFunc"
                    | "CancelCauseFunc"
                    | "WaitGroup"
                    | "Cond"
                    | "Group"
                    | "Timer"
                    | "Ticker"
                    | "PipeReader"
                    | "PipeWriter"
            ),
            Expr::Star(inner) | Expr::SliceType(inner) | Expr::ArrayType(_, inner) => leads(inner),
            Expr::MapType(key, value) => leads(key) || leads(value),
            Expr::Index(base, args) => leads(base) || args.iter().any(leads),
            Expr::StructType(fields) => fields.iter().any(|field| leads(&field.ty)),
            _ => false,
        }
    }

    /// Whether values of a type are functions, or hold some as elements.
    fn is_function(&self, file: &File, ty: ExprId) -> bool {
        match file.expr(ty) {
            Expr::FuncType(_) => true,
            Expr::Ident(name) => self.functions.contains(name),
            Expr::SliceType(inner) | Expr::ArrayType(_, inner) | Expr::MapType(_, inner) => {
                self.is_function(file, *inner)
            }
            _ => false,
        }
    }

    /// Adds the names of struct fields by which one gets at something that matters.
    /// Those in bodies of `skipped` functions are left out.
    fn fields(&self, file: &File, skipped: &[Span], names: &mut Names) {
        for (at, expr) in file.exprs.iter().enumerate() {
            let Expr::StructType(fields) = expr else {
                continue;
            };
            let span = file.expr_span(ExprId(at as u32));
            let next = skipped.partition_point(|body| body.end <= span.start);
            if skipped.get(next).is_some_and(|body| body.contains(span)) {
                continue;
            }
            // Functions in a value that leads to nothing else are run by whoever has it; who calls that does not count.
            let holder = self.leads(file, ExprId(at as u32));
            for field in fields {
                let name = Word::member(field.name.as_bytes());
                // Fields that others can name are in nobody's sight anyway, but for what they count.
                let closed = !field.embedded && !is_exported(&field.name);
                let function = self.is_function(file, field.ty);
                if is_group(file, field.ty)
                    || closed && (self.leads(file, field.ty) || function && holder)
                {
                    names.needed.add(name);
                } else if closed && function {
                    names.kept.add(name);
                }
                if field.embedded && is_group(file, field.ty) {
                    for method in ["Done", "Wait", "Go"] {
                        names.needed.add(Word::member(method.as_bytes()).as_call());
                    }
                }
            }
        }
    }

    /// Adds the names of package variables that matter, by their types or by what they start with.
    fn variables(&self, file: &File, names: &mut Names) {
        for decl in &file.decls {
            let Decl::Value(spec) = decl else { continue };
            let leads = |ty| self.leads(file, ty);
            let by_value = || spec.values.iter().any(|v| self.makes(file, *v));
            if !spec.is_const && (spec.ty.is_some_and(leads) || by_value()) {
                for (name, _) in spec.names.iter().filter(|(name, _)| name != "_") {
                    names.needed.add(Word::plain(name.as_bytes()));
                }
            }
        }
    }

    /// Whether an initial value is a channel, or a literal of a type that leads to one.
    fn makes(&self, file: &File, value: ExprId) -> bool {
        match file.expr(value) {
            Expr::Unary(_, inner) => self.makes(file, *inner),
            Expr::CompositeLit(Some(ty), _) => self.leads(file, *ty),
            Expr::Call(_, args, _) => args.iter().any(|arg| self.leads(file, *arg)),
            _ => false,
        }
    }
}

/// Whether a type is that of a wait group, or a pointer to one.
fn is_group(file: &File, ty: ExprId) -> bool {
    match file.expr(ty) {
        Expr::Selector(_, name, _) => matches!(name.as_str(), "WaitGroup" | "Group" | "Cond"),
        Expr::Star(inner) => is_group(file, *inner),
        _ => false,
    }
}
