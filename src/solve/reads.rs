//! Which package variables and fields the goroutines of a state may still read, by name.
//!
//! In: the code of a system, and a state. Out: the names that some operation ahead of some goroutine reads. What nobody
//! will read makes no two states different. Worked out over the whole call graph, so it may only say too much.

use super::machine::Machine;
use super::state::{Called, Leaving, Obj, Prepared, State};
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Call, Callee, Expr, Op, Pc, Target};
use crate::library::Effect;
use crate::resolve::FuncId;
use crate::summary::uses_first;
use crate::syntax::ast::Name;
use rustc_hash::FxHashMap;

/// A set of names by number; number 0 is [`DYNAMIC`].
type Row = Vec<u64>;

/// In a set of names: functions are called that somebody else has made.
const DYNAMIC: u32 = 0;

/// What the bodies of a system read.
pub struct Reads {
    numbers: FxHashMap<Name, u32>,
    width: usize,
    /// What each body of the system reads, calls included.
    entries: FxHashMap<BodyId, Row>,
    /// The same from each position on, one row after the other, for bodies that were asked for.
    positions: FxHashMap<BodyId, Row>,
    /// What the declared functions read that are used as values.
    values: Row,
}

/// What one operation reads and calls.
#[derive(Default)]
struct Step {
    names: Vec<Name>,
    calls: Vec<BodyId>,
    values: Vec<FuncId>,
    dynamic: bool,
}

/// The names that a state's goroutines may still read.
pub struct Ahead<'r> {
    reads: &'r Reads,
    names: Row,
}

impl Reads {
    /// Looks at all that `root` leads to.
    pub fn of(machine: &Machine<'_>, root: BodyId) -> Self {
        let mut numbers: FxHashMap<Name, u32> = FxHashMap::default();
        let mut bodies = vec![root];
        let mut at: FxHashMap<BodyId, usize> = FxHashMap::from_iter([(root, 0)]);
        let mut steps: Vec<Step> = Vec::new();
        let mut calls: Vec<Vec<usize>> = Vec::new();
        let mut values: Vec<FuncId> = Vec::new();
        while let Some(id) = bodies.get(steps.len()).copied() {
            let mut all = Step::default();
            for (pc, op) in machine.source(id).code.iter().enumerate() {
                if machine.slice.keeps(id, pc as Pc) {
                    all.add(machine, op);
                }
            }
            for name in &all.names {
                let next = numbers.len() as u32 + 1;
                numbers.entry(name.clone()).or_insert(next);
            }
            all.calls.sort_unstable();
            all.calls.dedup();
            let met = all.calls.iter().map(|callee| {
                *at.entry(*callee).or_insert_with(|| {
                    bodies.push(*callee);
                    bodies.len() - 1
                })
            });
            calls.push(met.collect());
            values.extend(&all.values);
            steps.push(all);
        }
        let width = (numbers.len() + 1).div_ceil(64);
        let mut rows: Vec<Row> = steps.iter().map(|s| s.row(&numbers, width)).collect();
        let order = uses_first(&calls);
        let mut again = true;
        while std::mem::take(&mut again) {
            for index in &order {
                let mut row = std::mem::take(&mut rows[*index]);
                for callee in &calls[*index] {
                    again |= join(&mut row, &rows[*callee]);
                }
                rows[*index] = row;
            }
        }
        let mut used = vec![0; width];
        for function in values {
            join(&mut used, &rows[at[&function.into()]]);
        }
        Self {
            numbers,
            width,
            entries: bodies.into_iter().zip(rows).collect(),
            positions: FxHashMap::default(),
            values: used,
        }
    }

    /// What lies ahead of `state`; `None` when something runs that the root was not seen to lead to.
    pub fn ahead(&mut self, machine: &Machine<'_>, state: &State) -> Option<Ahead<'_>> {
        let width = self.width;
        let mut names = vec![0; width];
        for proc in state.procs.iter().filter(|p| !p.ended()) {
            for frame in proc.frames.iter() {
                for call in &frame.defers {
                    self.deferred(machine, call, &mut names)?;
                }
                if frame.leaving == Leaving::No {
                    let from = frame.pc as usize * width;
                    let rows = self.each_position_of(machine, frame.body)?;
                    join(&mut names, rows.get(from..from + width).unwrap_or(&[]));
                }
            }
        }
        if names[0] & 1 << DYNAMIC != 0 {
            for object in state.heap.iter() {
                if let Obj::Closure(body, ..) = object {
                    join(&mut names, self.entries.get(body)?);
                }
            }
            join(&mut names, &self.values);
        }
        Some(Ahead { reads: self, names })
    }

    fn deferred(&self, machine: &Machine<'_>, call: &Prepared, names: &mut Row) -> Option<()> {
        match &call.callee {
            Called::Body(body, _) => {
                join(names, self.entries.get(body)?);
            }
            Called::Named(name) => {
                for method in methods(machine, name) {
                    join(names, self.entries.get(&method)?);
                }
                names[0] |= 1 << DYNAMIC;
            }
            Called::Library(..) | Called::Unknown => names[0] |= 1 << DYNAMIC,
            Called::Cancel(_) | Called::Close | Called::Panic | Called::Recover => {}
        }
        Some(())
    }

    fn each_position_of(&mut self, machine: &Machine<'_>, id: BodyId) -> Option<&Row> {
        if !self.positions.contains_key(&id) {
            if !self.entries.contains_key(&id) {
                return None;
            }
            let rows = self.work_out(machine, machine.body(id));
            self.positions.insert(id, rows);
        }
        self.positions.get(&id)
    }

    fn work_out(&self, machine: &Machine<'_>, body: &Body) -> Row {
        let width = self.width;
        let steps: Vec<Row> = body
            .code
            .iter()
            .map(|op| {
                let mut step = Step::default();
                step.add(machine, op);
                let mut row = step.row(&self.numbers, width);
                for callee in &step.calls {
                    if let Some(entry) = self.entries.get(callee) {
                        join(&mut row, entry);
                    }
                }
                row
            })
            .collect();
        let mut rows = vec![0; width * (body.code.len() + 1)];
        let mut again = true;
        while std::mem::take(&mut again) {
            for (pc, op) in body.code.iter().enumerate().rev() {
                let mut now = steps[pc].clone();
                op.successors(pc as Pc, &mut |next| {
                    let from = next as usize * width;
                    join(&mut now, rows.get(from..from + width).unwrap_or(&[]));
                });
                again |= join(&mut rows[pc * width..(pc + 1) * width], &now);
            }
        }
        rows
    }
}

impl Ahead<'_> {
    /// The number of a name, if anybody reads it at all.
    pub fn number(&self, name: &Name) -> Option<u32> {
        self.reads.numbers.get(name).copied()
    }

    /// Whether the package variable or field may still be read. What the machine itself keeps under a name is.
    pub fn reads(&self, name: &Name) -> bool {
        if !is_of_source(name) {
            return true;
        }
        self.number(name)
            .is_some_and(|number| self.names[number as usize / 64] & 1 << (number % 64) != 0)
    }
}

/// Whether a name can stand in a program, and is not one under which the machine keeps something.
fn is_of_source(name: &Name) -> bool {
    let kept = ["value", "C"].contains(&name.as_str());
    !kept
        && name
            .chars()
            .all(|c| c == '_' || c == '.' || c.is_alphanumeric())
}

impl Step {
    fn row(&self, numbers: &FxHashMap<Name, u32>, width: usize) -> Row {
        let mut row = vec![0; width];
        for number in self.names.iter().filter_map(|name| numbers.get(name)) {
            row[*number as usize / 64] |= 1 << (number % 64);
        }
        row[0] |= u64::from(self.dynamic) << DYNAMIC;
        row
    }

    fn add(&mut self, machine: &Machine<'_>, op: &Op) {
        let mut places: Vec<&Expr> = Vec::new();
        op.targets(&mut |target| {
            if let Target::Place(place) = target {
                places.push(place);
            }
        });
        op.exprs(&mut |expr| {
            if places.iter().any(|place| std::ptr::eq(*place, expr)) {
                // What is written there is not read.
                expr.children(&mut |child| self.expr(child));
            } else {
                self.expr(expr);
            }
        });
        if let Op::Call(call) | Op::Go(call) | Op::Defer(call) = op {
            self.call(machine, call);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Global(name) | Expr::Group(name) | Expr::Field(_, name) => {
                self.names.push(name.clone());
            }
            Expr::Closure(body) => self.calls.push(*body),
            Expr::Func(function) | Expr::Method(_, function) => {
                self.calls.push((*function).into());
                self.values.push(*function);
            }
            _ => {}
        }
        expr.children(&mut |child| self.expr(child));
    }

    fn call(&mut self, machine: &Machine<'_>, call: &Call) {
        match &call.callee {
            Callee::Body(body) => self.calls.push(*body),
            Callee::Named(name) => {
                self.calls.extend(methods(machine, name));
                self.dynamic = true;
            }
            Callee::Value(Expr::Closure(_))
            | Callee::Library(Effect::Inert, _)
            | Callee::Close(_)
            | Callee::Panic
            | Callee::Recover => {}
            Callee::Value(_) | Callee::Library(..) | Callee::Unknown => self.dynamic = true,
        }
    }
}

/// The methods of that name.
fn methods(machine: &Machine<'_>, name: &Name) -> Vec<BodyId> {
    let all = machine.methods.get_or_init(|| by_name(machine.program()));
    all.get(name).cloned().unwrap_or_default()
}

/// The methods of a package by name, in the order of their types.
fn by_name(program: &Program) -> FxHashMap<Name, Vec<BodyId>> {
    let mut methods: FxHashMap<Name, Vec<BodyId>> = FxHashMap::default();
    for ty in &program.types {
        // Each type has one method of a name, so the order within it does not count.
        #[expect(clippy::iter_over_hash_type, reason = "as said")]
        for (name, function) in &ty.methods {
            let same = methods.entry(name.clone()).or_default();
            same.push((*function).into());
        }
    }
    methods
}

/// Adds the names of one set to another; whether that changes it.
fn join(into: &mut [u64], from: &[u64]) -> bool {
    let mut changed = false;
    for (word, more) in into.iter_mut().zip(from) {
        changed |= *more & !*word != 0;
        *word |= more;
    }
    changed
}
