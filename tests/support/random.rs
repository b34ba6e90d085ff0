//! Small random Go programs: generated from a seed, printed as Go, cut down while a property of them holds.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::fmt::Write;

#[path = "dice.rs"]
mod dice;

pub(crate) use dice::Random;

/// A condition; every goroutine that asks gets the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cond {
    Flag,
    NotFlag,
    Many,
    ManyItems,
}

/// How often a loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    Two,
    Three,
    N,
    CountedN,
    Items,
    Forever,
}

/// What a case of a `select` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comm {
    Send(usize),
    Recv(usize),
    /// The context parameter.
    Outer,
    /// The context that the function makes itself.
    Inner,
    After,
}

/// A kind of statement; the blocks it governs are beside it in [`Stmt`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Send(usize, u8),
    Recv(usize),
    /// One block, for a closed channel.
    RecvOk(usize),
    /// One block, for when this value was received.
    RecvVal(usize, u8),
    Close(usize),
    /// One block, the body.
    Range(usize),
    /// Two blocks: for when this value was received, and the rest.
    RangeVal(usize, u8),
    /// One block.
    Loop(Count),
    /// Two blocks.
    If(Cond),
    /// One block per case, and one more if there is a default.
    Select(Vec<Comm>, bool),
    /// One block; the channel, if any, is passed as a parameter.
    Go(Option<usize>),
    /// One block, started by `wg.Go`.
    GoCounted,
    GoHelper(usize, usize),
    CallHelper(usize, usize),
    /// One block.
    DeferBlock,
    DeferClose(usize),
    DeferDone,
    DeferCancel,
    Add,
    AddN,
    Done,
    Wait,
    Cancel,
    /// The inner context has ended.
    Ended,
    Return,
    Break,
    Continue,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stmt {
    pub(crate) kind: Kind,
    pub(crate) blocks: Vec<Block>,
}

/// Statements in order.
pub(crate) type Block = Vec<Stmt>;

fn plain(kind: Kind) -> Stmt {
    Stmt {
        kind,
        blocks: Vec::new(),
    }
}

/// A capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    None,
    One,
    Two,
    Items,
}

/// A function `root` and the helpers it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    rooms: Vec<Room>,
    helpers: Vec<Block>,
    root: Block,
}

/// What may occur in a program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Contexts and timers that somebody outside owns.
    pub(crate) outside: bool,
    /// At most this many goroutines spawned by statements of the root.
    pub(crate) spawns: usize,
    /// Only networks whose outcome does not depend on the order of steps: each channel has one sending and one
    /// receiving goroutine, the sender closes, nobody selects.
    pub(crate) network: bool,
}

struct Generator {
    random: Random,
    limits: Limits,
    chans: usize,
    helpers: usize,
    group: bool,
    context: bool,
    /// Per channel, the goroutine that sends and the one that receives, for a network.
    ends: Vec<(usize, usize)>,
    /// The goroutine being written.
    who: usize,
}

/// The program of a seed.
pub(crate) fn program(seed: u64, limits: Limits) -> Program {
    let mut random = Random::new(seed);
    let chans = 1 + random.below(3);
    let rooms = (0..chans)
        .map(|_| match random.below(10) {
            0..=5 => Room::None,
            6 | 7 => Room::One,
            8 => Room::Two,
            _ => Room::Items,
        })
        .collect();
    let spawns = 1 + random.below(limits.spawns);
    let ends = (0..chans)
        .map(|_| (random.below(spawns + 1), random.below(spawns + 1)))
        .collect();
    let helpers = if limits.network { 0 } else { random.below(3) };
    let mut generator = Generator {
        limits,
        chans,
        helpers,
        group: random.chance(40),
        context: !limits.network && random.chance(20),
        ends,
        who: 0,
        random,
    };
    let mut bodies = Vec::new();
    for _ in 0..helpers {
        let all = (generator.chans, generator.group, generator.context);
        (generator.chans, generator.group, generator.context) = (1, false, false);
        generator.helpers = 0;
        bodies.push(generator.block(2, 3));
        (generator.chans, generator.group, generator.context) = all;
    }
    generator.helpers = helpers;
    let root = generator.root(spawns);
    Program {
        rooms,
        helpers: bodies,
        root,
    }
}

impl Generator {
    fn channel(&mut self) -> usize {
        self.random.below(self.chans)
    }

    /// First everything that is spawned and counted, then who waits.
    fn root(&mut self, spawns: usize) -> Block {
        let mut root = Block::new();
        if self.context && self.random.chance(50) {
            root.push(plain(Kind::DeferCancel));
        }
        for index in 0..spawns {
            if self.random.chance(20) {
                self.who = 0;
                root.push(self.statement(2));
            }
            self.who = index + 1;
            self.spawn(&mut root);
        }
        self.who = 0;
        if self.group && !self.limits.network && self.random.chance(50) {
            let mut body = vec![plain(Kind::Wait)];
            if self.random.chance(80) {
                let ch = self.channel();
                body.push(plain(Kind::Close(ch)));
            }
            root.push(Stmt {
                kind: Kind::Go(None),
                blocks: vec![body],
            });
        }
        for _ in 0..=self.random.below(3) {
            if self.group && self.random.chance(25) {
                root.push(plain(Kind::Wait));
            } else {
                root.push(self.statement(3));
            }
        }
        root
    }

    fn spawn(&mut self, root: &mut Block) {
        let mut spawned = Block::new();
        let counted = self.group && self.random.chance(70);
        if self.helpers > 0 && !counted && self.random.chance(40) {
            let (helper, ch) = (self.random.below(self.helpers), self.channel());
            spawned.push(plain(Kind::GoHelper(helper, ch)));
        } else if counted && self.random.chance(30) {
            let body = self.block(2, 3);
            spawned.push(Stmt {
                kind: Kind::GoCounted,
                blocks: vec![body],
            });
        } else {
            let mut body = Block::new();
            let late = self.random.chance(25);
            if counted && !late {
                body.push(plain(Kind::DeferDone));
            }
            body.extend(self.block(2, 3));
            if counted && late {
                body.push(plain(Kind::Done));
            }
            let param = (!self.limits.network && self.random.chance(30)).then(|| self.channel());
            if counted {
                spawned.push(plain(Kind::Add));
            }
            spawned.push(Stmt {
                kind: Kind::Go(param),
                blocks: vec![body],
            });
        }
        match self.random.below(10) {
            0..=2 if !self.limits.network => {
                let count = self.count();
                let count = if count == Count::Forever {
                    Count::Two
                } else {
                    count
                };
                if count == Count::N && matches!(spawned[0].kind, Kind::Add) {
                    spawned.remove(0);
                    root.push(plain(Kind::AddN));
                }
                root.push(Stmt {
                    kind: Kind::Loop(count),
                    blocks: vec![spawned],
                });
            }
            3 => {
                let cond = self.cond();
                root.push(Stmt {
                    kind: Kind::If(cond),
                    blocks: vec![spawned, Block::new()],
                });
            }
            _ => root.extend(spawned),
        }
    }

    fn block(&mut self, depth: usize, most: usize) -> Block {
        let length = 1 + self.random.below(most);
        (0..length).map(|_| self.statement(depth)).collect()
    }

    fn cond(&mut self) -> Cond {
        match self.random.below(8) {
            0..=2 => Cond::Flag,
            3 | 4 => Cond::NotFlag,
            5 | 6 => Cond::Many,
            _ => Cond::ManyItems,
        }
    }

    fn count(&mut self) -> Count {
        match self.random.below(10) {
            0..=2 => Count::Two,
            3 => Count::Three,
            4 | 5 => Count::N,
            6 => Count::CountedN,
            7 | 8 => Count::Items,
            _ => Count::Forever,
        }
    }

    fn nested(&mut self, kind: Kind, blocks: usize, depth: usize) -> Stmt {
        let blocks = (0..blocks).map(|_| self.block(depth - 1, 2)).collect();
        Stmt { kind, blocks }
    }

    fn leave(&mut self) -> Stmt {
        plain(match self.random.below(4) {
            0 => Kind::Break,
            1 => Kind::Continue,
            _ => Kind::Return,
        })
    }

    fn statement(&mut self, depth: usize) -> Stmt {
        let simple = depth == 0 || self.random.chance(55);
        if simple {
            return self.simple();
        }
        let ch = self.channel();
        match self.random.below(14) {
            0 | 1 => {
                let cond = self.cond();
                let mut stmt = self.nested(Kind::If(cond), 1, depth);
                if self.random.chance(40) {
                    let exit = self.leave();
                    stmt.blocks[0].push(exit);
                }
                let other = if self.random.chance(40) {
                    self.block(depth - 1, 2)
                } else {
                    Block::new()
                };
                stmt.blocks.push(other);
                stmt
            }
            2..=4 => {
                let count = self.count();
                let mut stmt = self.nested(Kind::Loop(count), 1, depth);
                // A loop without end that nobody can leave says little.
                if count == Count::Forever {
                    let exit = self.exit_on(ch);
                    stmt.blocks[0].insert(0, exit);
                }
                stmt
            }
            5 | 6 if self.may(ch, false) => {
                if self.random.chance(30) {
                    let exit = self.leave();
                    let rest = self.block(depth - 1, 1);
                    let value = self.random.below(2) as u8;
                    Stmt {
                        kind: Kind::RangeVal(ch, value),
                        blocks: vec![vec![exit], rest],
                    }
                } else {
                    let mut stmt = self.nested(Kind::Range(ch), 1, depth);
                    if self.random.chance(50) {
                        stmt.blocks[0].clear();
                    }
                    stmt
                }
            }
            7..=9 if !self.limits.network => self.select(depth),
            10 if self.may(ch, false) => {
                let value = self.random.below(2) as u8;
                let exit = self.leave();
                let mut stmt = self.nested(Kind::RecvVal(ch, value), 1, depth);
                if self.random.chance(50) {
                    stmt.blocks[0] = vec![exit];
                }
                stmt
            }
            11 if self.may(ch, false) => self.exit_on(ch),
            12 => self.nested(Kind::DeferBlock, 1, depth),
            13 if self.helpers > 0 => {
                let helper = self.random.below(self.helpers);
                plain(Kind::CallHelper(helper, ch))
            }
            _ => self.simple(),
        }
    }

    fn exit_on(&mut self, ch: usize) -> Stmt {
        let exit = if self.random.chance(70) {
            plain(Kind::Return)
        } else {
            plain(Kind::Break)
        };
        if self.may(ch, false) {
            Stmt {
                kind: Kind::RecvOk(ch),
                blocks: vec![vec![exit]],
            }
        } else {
            exit
        }
    }

    fn select(&mut self, depth: usize) -> Stmt {
        let default = self.random.chance(25);
        let count = if default {
            1 + self.random.below(2)
        } else {
            2 + self.random.below(2)
        };
        let comms: Vec<Comm> = (0..count)
            .map(|_| {
                let ch = self.channel();
                match self.random.below(12) {
                    0 if self.limits.outside => Comm::Outer,
                    1 if self.limits.outside => Comm::After,
                    2 | 3 if self.context => Comm::Inner,
                    0..=5 => Comm::Send(ch),
                    _ => Comm::Recv(ch),
                }
            })
            .collect();
        let blocks = (0..count + usize::from(default))
            .map(|_| match self.random.below(4) {
                0 => vec![self.leave()],
                1 => self.block(depth - 1, 1),
                _ => Block::new(),
            })
            .collect();
        Stmt {
            kind: Kind::Select(comms, default),
            blocks,
        }
    }

    /// Whether the goroutine being written may use this end of a channel.
    fn may(&self, ch: usize, send: bool) -> bool {
        let (sender, receiver) = self.ends[ch];
        !self.limits.network || self.who == if send { sender } else { receiver }
    }

    fn simple(&mut self) -> Stmt {
        let ch = self.channel();
        let sends = self.may(ch, true);
        let receives = self.may(ch, false);
        plain(match self.random.below(20) {
            0..=6 if sends => Kind::Send(ch, self.random.below(2) as u8),
            14 if sends => Kind::Close(ch),
            15 if sends => Kind::DeferClose(ch),
            16 if self.context => Kind::Cancel,
            17 if self.context => Kind::Ended,
            18 => Kind::Return,
            _ if receives => Kind::Recv(ch),
            _ if sends => Kind::Send(ch, 0),
            _ => Kind::Return,
        })
    }
}

// --- printing ---

/// How a program is printed; the lines are the same either way.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// For analysis.
    Plain,
    /// To be run: with this number in its names, calls of the driver, and recovery at the top of every function.
    Driven(usize),
}

struct Printer {
    text: String,
    form: Form,
    depth: usize,
    /// What the channels are called here.
    names: Vec<&'static str>,
    breaks: bool,
    continues: bool,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Program {
    /// As Go source.
    pub(crate) fn print(&self, form: Form) -> String {
        let mut everything: Vec<&Stmt> = Vec::new();
        flatten(&self.root, &mut everything);
        let mut all = everything.clone();
        self.helpers.iter().for_each(|h| flatten(h, &mut all));
        let uses = |wanted: &dyn Fn(&Kind) -> bool| everything.iter().any(|s| wanted(&s.kind));
        let inner = uses(&|k| match k {
            Kind::Ended => true,
            Kind::Select(comms, _) => comms.contains(&Comm::Inner),
            _ => false,
        });
        let cancel = uses(&|k| matches!(k, Kind::Cancel | Kind::DeferCancel));
        let group = uses(&|k| {
            matches!(
                k,
                Kind::Add
                    | Kind::AddN
                    | Kind::Done
                    | Kind::DeferDone
                    | Kind::Wait
                    | Kind::GoCounted
            )
        });
        let after = all
            .iter()
            .any(|s| matches!(&s.kind, Kind::Select(comms, _) if comms.contains(&Comm::After)));
        let mut printer = Printer {
            text: String::new(),
            form,
            depth: 0,
            names: NAMES.to_vec(),
            breaks: false,
            continues: false,
        };
        let driven = matches!(printer.form, Form::Driven(_));
        printer.raw(if driven { "package main" } else { "package p" });
        printer.raw("import \"context\"");
        printer.raw(if group { "import \"sync\"" } else { "" });
        printer.raw(if after { "import \"time\"" } else { "" });
        let number = printer.number();
        printer.raw(&format!(
            "func root{number}(n int, flag bool, ctx context.Context, items []int) {{{}",
            printer.guard()
        ));
        printer.depth = 1;
        for (index, room) in self.rooms.iter().enumerate() {
            if everything.iter().any(|s| s.mentions(index)) {
                let room = match room {
                    Room::None => "",
                    Room::One => ", 1",
                    Room::Two => ", 2",
                    Room::Items => ", len(items)",
                };
                printer.raw(&format!("{} := make(chan int{room})", NAMES[index]));
            }
        }
        if group {
            printer.raw("var wg sync.WaitGroup");
        }
        if inner || cancel {
            printer.raw(&format!(
                "{}, {} := context.WithCancel(context.Background())",
                if inner { "cx" } else { "_" },
                if cancel { "cancel" } else { "_" }
            ));
        }
        printer.block(&self.root);
        printer.depth = 0;
        printer.raw("}");
        for (index, helper) in self.helpers.iter().enumerate() {
            let called = everything.iter().any(
                |s| matches!(s.kind, Kind::GoHelper(h, _) | Kind::CallHelper(h, _) if h == index),
            );
            if !called {
                continue;
            }
            printer.raw("");
            printer.raw(&format!(
                "func helper{number}_{index}(ch chan int, n int, flag bool, ctx context.Context, items []int) {{{}",
                printer.guard()
            ));
            printer.depth = 1;
            printer.names = vec!["ch"; 3];
            printer.block(helper);
            printer.depth = 0;
            printer.raw("}");
        }
        printer.text
    }

    /// Programs with something less.
    fn smaller(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for root in smaller(&self.root) {
            all.push(Self {
                root,
                ..self.clone()
            });
        }
        for (index, helper) in self.helpers.iter().enumerate() {
            for body in smaller(helper) {
                let mut next = self.clone();
                next.helpers[index] = body;
                all.push(next);
            }
        }
        for index in 0..self.rooms.len() {
            if self.rooms[index] != Room::None {
                let mut next = self.clone();
                next.rooms[index] = Room::None;
                all.push(next);
            }
        }
        all
    }

    /// The program cut down as far as `holds` stays true.
    pub(crate) fn shrink(mut self, holds: impl Fn(&Self) -> bool) -> Self {
        while let Some(next) = self.smaller().into_iter().find(|next| holds(next)) {
            self = next;
        }
        self
    }
}

fn flatten<'a>(block: &'a [Stmt], all: &mut Vec<&'a Stmt>) {
    for stmt in block {
        all.push(stmt);
        stmt.blocks.iter().for_each(|b| flatten(b, all));
    }
}

/// Blocks with a statement less, or a statement replaced by what it governs or by something simpler.
fn smaller(block: &[Stmt]) -> Vec<Block> {
    let mut all = Vec::new();
    let with = |index: usize, instead: &[Stmt]| -> Block {
        [&block[..index], instead, &block[index + 1..]].concat()
    };
    for index in 0..block.len() {
        all.push(with(index, &[]));
    }
    for (index, stmt) in block.iter().enumerate() {
        for inner in &stmt.blocks {
            all.push(with(index, inner));
        }
        let simpler = match &stmt.kind {
            Kind::Loop(Count::N | Count::CountedN | Count::Items | Count::Three) => {
                Some(Kind::Loop(Count::Two))
            }
            Kind::Go(Some(_)) | Kind::GoCounted => Some(Kind::Go(None)),
            _ => None,
        };
        if let Some(kind) = simpler {
            let blocks = stmt.blocks.clone();
            all.push(with(index, &[Stmt { kind, blocks }]));
        }
        if let Kind::Select(comms, default) = &stmt.kind {
            if *default {
                let mut next = stmt.clone();
                next.kind = Kind::Select(comms.clone(), false);
                next.blocks.pop();
                all.push(with(index, &[next]));
            }
            for case in 0..comms.len() {
                let mut comms = comms.clone();
                comms.remove(case);
                let mut next = stmt.clone();
                next.kind = Kind::Select(comms, *default);
                next.blocks.remove(case);
                all.push(with(index, &[next]));
            }
        }
        for (at, inner) in stmt.blocks.iter().enumerate() {
            for less in smaller(inner) {
                let mut next = stmt.clone();
                next.blocks[at] = less;
                all.push(with(index, &[next]));
            }
        }
    }
    all
}

impl Stmt {
    /// Whether it uses a channel of the root.
    fn mentions(&self, ch: usize) -> bool {
        match &self.kind {
            Kind::Send(c, _)
            | Kind::Recv(c)
            | Kind::RecvOk(c)
            | Kind::RecvVal(c, _)
            | Kind::Close(c)
            | Kind::Range(c)
            | Kind::RangeVal(c, _)
            | Kind::Go(Some(c))
            | Kind::GoHelper(_, c)
            | Kind::CallHelper(_, c)
            | Kind::DeferClose(c) => *c == ch,
            Kind::Select(comms, _) => comms
                .iter()
                .any(|c| matches!(c, Comm::Send(c) | Comm::Recv(c) if *c == ch)),
            _ => false,
        }
    }
}

impl Printer {
    fn raw(&mut self, line: &str) {
        let tabs = "\t".repeat(self.depth);
        let _ = writeln!(self.text, "{tabs}{line}");
    }

    fn number(&self) -> String {
        match self.form {
            Form::Plain => String::new(),
            Form::Driven(number) => number.to_string(),
        }
    }

    fn guard(&self) -> &'static str {
        match self.form {
            Form::Plain => "",
            Form::Driven(_) => " defer guard()",
        }
    }

    /// A statement of its own, which something may happen before.
    fn line(&mut self, line: &str) {
        match self.form {
            Form::Plain => self.raw(line),
            Form::Driven(_) => self.raw(&format!("noise(); {line}")),
        }
    }

    fn block(&mut self, block: &[Stmt]) {
        for stmt in block {
            self.stmt(stmt);
        }
    }

    fn inner(&mut self, block: &[Stmt]) {
        self.depth += 1;
        self.block(block);
        self.depth -= 1;
    }

    fn body(&mut self, block: &[Stmt]) {
        let outer = std::mem::replace(&mut self.breaks, true);
        let further = std::mem::replace(&mut self.continues, true);
        self.inner(block);
        self.breaks = outer;
        self.continues = further;
    }

    fn literal(&mut self, block: &[Stmt]) {
        let outer = std::mem::replace(&mut self.breaks, false);
        let further = std::mem::replace(&mut self.continues, false);
        self.inner(block);
        self.breaks = outer;
        self.continues = further;
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let name = |ch: &usize| self.names[*ch];
        let guard = self.guard();
        let number = self.number();
        match &stmt.kind {
            Kind::Send(ch, value) => self.line(&format!("{} <- {value}", name(ch))),
            Kind::Recv(ch) => self.line(&format!("<-{}", name(ch))),
            Kind::RecvOk(ch) => {
                self.line(&format!("if _, ok := <-{}; !ok {{", name(ch)));
                self.inner(&stmt.blocks[0]);
                self.raw("}");
            }
            Kind::RecvVal(ch, value) => {
                self.line(&format!("if v := <-{}; v == {value} {{", name(ch)));
                self.inner(&stmt.blocks[0]);
                self.raw("}");
            }
            Kind::Close(ch) => self.line(&format!("close({})", name(ch))),
            Kind::Range(ch) => {
                self.line(&format!("for range {} {{", name(ch)));
                self.body(&stmt.blocks[0]);
                self.raw("}");
            }
            Kind::RangeVal(ch, value) => {
                self.line(&format!("for v := range {} {{", name(ch)));
                self.depth += 1;
                self.raw(&format!("if v == {value} {{"));
                self.body(&stmt.blocks[0]);
                self.raw("}");
                self.depth -= 1;
                self.body(&stmt.blocks[1]);
                self.raw("}");
            }
            Kind::Loop(count) => {
                let head = match count {
                    Count::Two => "for i := 0; i < 2; i++ {",
                    Count::Three => "for range 3 {",
                    Count::N => "for range n {",
                    Count::CountedN => "for i := 0; i < n; i++ {",
                    Count::Items => "for range items {",
                    Count::Forever => match self.form {
                        Form::Plain => "for {",
                        Form::Driven(_) => "for { tick()",
                    },
                };
                self.line(head);
                self.body(&stmt.blocks[0]);
                self.raw("}");
            }
            Kind::If(cond) => {
                self.line(match cond {
                    Cond::Flag => "if flag {",
                    Cond::NotFlag => "if !flag {",
                    Cond::Many => "if n > 1 {",
                    Cond::ManyItems => "if len(items) > 1 {",
                });
                self.inner(&stmt.blocks[0]);
                if !stmt.blocks[1].is_empty() {
                    self.raw("} else {");
                    self.inner(&stmt.blocks[1]);
                }
                self.raw("}");
            }
            Kind::Select(comms, default) => {
                self.line("select {");
                for (comm, block) in comms.iter().zip(&stmt.blocks) {
                    let case = match comm {
                        Comm::Send(ch) => format!("case {} <- 0:", self.names[*ch]),
                        Comm::Recv(ch) => format!("case <-{}:", self.names[*ch]),
                        Comm::Outer => "case <-ctx.Done():".to_owned(),
                        Comm::Inner => "case <-cx.Done():".to_owned(),
                        Comm::After => "case <-time.After(time.Second):".to_owned(),
                    };
                    self.clause(&case, block);
                }
                if *default {
                    self.clause("default:", &stmt.blocks[comms.len()]);
                }
                self.raw("}");
            }
            Kind::Go(param) => {
                let (param, arg) = match param {
                    Some(ch) => (format!("{} chan int", name(ch)), name(ch)),
                    None => (String::new(), ""),
                };
                self.line(&format!("go func({param}) {{{guard}"));
                self.literal(&stmt.blocks[0]);
                self.raw(&format!("}}({arg})"));
            }
            Kind::GoCounted => {
                self.line(&format!("wg.Go(func() {{{guard}"));
                self.literal(&stmt.blocks[0]);
                self.raw("})");
            }
            Kind::GoHelper(helper, ch) => {
                let ch = name(ch);
                self.line(&format!(
                    "go helper{number}_{helper}({ch}, n, flag, ctx, items)"
                ));
            }
            Kind::CallHelper(helper, ch) => {
                let ch = name(ch);
                self.line(&format!(
                    "helper{number}_{helper}({ch}, n, flag, ctx, items)"
                ));
            }
            Kind::DeferBlock => {
                self.line("defer func() {");
                self.literal(&stmt.blocks[0]);
                self.raw("}()");
            }
            Kind::DeferClose(ch) => self.line(&format!("defer close({})", name(ch))),
            Kind::DeferDone => self.line("defer wg.Done()"),
            Kind::DeferCancel => self.line("defer cancel()"),
            Kind::Add => self.line("wg.Add(1)"),
            Kind::AddN => self.line("wg.Add(n)"),
            Kind::Done => self.line("wg.Done()"),
            Kind::Wait => self.line("wg.Wait()"),
            Kind::Cancel => self.line("cancel()"),
            Kind::Ended => self.line("<-cx.Done()"),
            Kind::Return => self.line("return"),
            Kind::Break if self.breaks => self.line("break"),
            Kind::Continue if self.continues => self.line("continue"),
            Kind::Break | Kind::Continue => {}
        }
    }

    fn clause(&mut self, head: &str, block: &[Stmt]) {
        self.raw(head);
        let outer = std::mem::replace(&mut self.breaks, true);
        self.inner(block);
        self.breaks = outer;
    }
}
