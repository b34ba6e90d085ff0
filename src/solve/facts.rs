//! What else of a run some rules ask for: counts of a `WaitGroup`, acts that were skipped.
//!
//! In: a repeated run. Out: [`Facts`]. Nothing here decides whether there is a leak.

use super::prospects::Prospects;
use super::state::{Act, Happening, Obj, ObjId, Proc, Value};
use super::witness::Teller;
use crate::flow::ir::{BodyId, Callee, Expr, Op, Pc, Target, Var};
use crate::leak::{Facts, Origin, Stranding, Tally};
use crate::library::Effect;
use crate::source::Place;
use crate::summary::way_of;
use std::collections::BTreeSet;

impl Teller<'_, '_> {
    /// The facts of the leak of `proc`, whose primitive is called `name`.
    pub(super) fn facts(&self, root: BodyId, proc: &Proc, name: &str) -> Facts {
        let mut facts = Facts::default();
        let itself = self.state.procs.iter().position(|p| p.id == proc.id);
        // What it sits at is no help to itself; what comes after it would be.
        facts.waits_for_itself = itself.is_some_and(|p| self.would_help(p));
        if let Some((Act::Wait(group), _)) = &proc.park {
            facts.tally = self.state.object(group).map(|id| self.tally(id, proc));
            facts.skipped_done = self.skipped_done(root, name);
        }
        if let Some((Act::Room(group), _)) = &proc.park
            && let Some(id) = self.state.object(group)
            && let Obj::Wait(_, _, limit) = self.state.heap[id as usize]
        {
            facts.limit = limit;
        }
        if let Some((body, var)) = self.nil_variable(proc) {
            let made = self.assignment(body, var, |value| matches!(value, Expr::MakeChan(..)));
            facts.skipped_make = made.map(|at| self.place(at));
        }
        facts
    }

    /// Where the nil channel that `proc` sits at was declared.
    pub(super) fn declaration(&self, proc: &Proc) -> Option<Origin> {
        let (id, var) = self.nil_variable(proc)?;
        let body = self.machine.source(id);
        let at = self.assignment(id, var, |value| matches!(value, Expr::Zero(..) | Expr::Nil))?;
        let span = match &body.code[at.1 as usize] {
            Op::Set(_, Expr::Zero(_, span)) => *span,
            _ => body.spans[at.1 as usize],
        };
        Some(Origin {
            at: Place {
                file: body.file,
                span,
            },
            name: body.vars[var as usize].name.to_string(),
            capacity: 0,
            in_loop: self.in_loop(at),
            capacity_text: None,
            channel: true,
        })
    }

    /// The variable behind the nil channel that `proc` sits at, in the body that declares it.
    fn nil_variable(&self, proc: &Proc) -> Option<(BodyId, Var)> {
        let (Act::Send(ch, _) | Act::Recv(ch, _), pc) = proc.park.as_ref()? else {
            return None;
        };
        if *ch != Value::Nil {
            return None;
        }
        let id = proc.frames.last()?.body;
        let (Op::Send(expr, ..) | Op::Recv { ch: expr, .. }) =
            self.machine.source(id).code.get(*pc as usize)?
        else {
            return None;
        };
        let way = way_of(expr).filter(|way| way.field.is_none())?;
        Some(self.declared_at(proc, id, way.var))
    }

    /// Follows a captured variable to where it is declared, and a parameter of a goroutine to what it was started with.
    pub(super) fn declared_at(&self, proc: &Proc, mut id: BodyId, mut var: Var) -> (BodyId, Var) {
        // Who started the starter is another goroutine's story.
        let mut spawn = proc.spawn;
        loop {
            let body = self.machine.source(id);
            if let Some(outer) = body.outer(var) {
                (id, var) = outer;
                continue;
            }
            let index = body.params.iter().position(|p| *p == var);
            if let Some(index) = index
                && let Some((spawner, pc)) = spawn
                && spawner != id
                && let Some(Op::Go(call)) = self.machine.source(spawner).code.get(pc as usize)
                && let Some(way) = call.args.get(index).and_then(way_of)
                && way.field.is_none()
            {
                spawn = None;
                (id, var) = (spawner, way.var);
                continue;
            }
            return (id, var);
        }
    }

    /// An assignment of a value of some kind to a variable, in its body or a literal in that.
    fn assignment(
        &self,
        id: BodyId,
        var: Var,
        wanted: impl Fn(&Expr) -> bool,
    ) -> Option<(BodyId, Pc)> {
        self.machine
            .program
            .family(id)
            .into_iter()
            .find_map(|member| {
                let body = self.machine.source(member);
                let var = if member == id {
                    Some(var)
                } else {
                    let captured = body.captures.iter().find(|(outer, _)| *outer == var);
                    captured
                        .filter(|_| body.parent == Some(id))
                        .map(|(_, inner)| *inner)
                }?;
                let pc = body.code.iter().position(
                    |op| matches!(op, Op::Set(Target::Var(v), value) if *v == var && wanted(value)),
                )?;
                Some((member, pc as Pc))
            })
    }

    fn would_help(&self, proc: usize) -> bool {
        Prospects::new(self.machine, self.state).does(proc, &self.wants)
    }

    /// Whether the step that lost the partner was a receive from a channel that the root was handed.
    pub(super) fn owner_acts(&self, root: BodyId, stranding: &Stranding) -> bool {
        let lost = self.events.iter().find(|event| {
            let body = self.machine.source(event.at.0);
            let at = self.place(event.at);
            matches!(event.what, Happening::Received(_))
                && event.on.is_none()
                && body.client.is_empty()
                && stranding.at.is_some_and(|by| {
                    by.file == at.file && (at.span == by.span || at.span.contains(by.span))
                })
        });
        let Some(event) = lost else { return false };
        let ch = match (
            event.what,
            &self.machine.source(event.at.0).code[event.at.1 as usize],
        ) {
            (Happening::Received(Some(case)), Op::Select { cases, .. }) => {
                cases.get(case).map(|case| &case.ch)
            }
            (_, Op::Recv { ch, .. }) => Some(ch),
            _ => None,
        };
        let Some(way) = ch.and_then(way_of) else {
            return false;
        };
        let proc = self.state.procs.iter().find(|p| p.id == event.proc);
        let (body, var) = proc.map_or((event.at.0, way.var), |proc| {
            self.declared_at(proc, event.at.0, way.var)
        });
        body == root && self.machine.source(root).params.contains(&var)
    }

    fn tally(&self, group: ObjId, proc: &Proc) -> Tally {
        let on_it = |what: Happening| {
            self.events
                .iter()
                .enumerate()
                .filter(move |(_, e)| e.on == Some(group) && e.what == what)
        };
        let done = on_it(Happening::CountedDown).count() as u32;
        let left = match &self.state.heap[group as usize] {
            Obj::Wait(_, count, _) => match self.state.norm(count) {
                Value::Int(n) => u32::try_from(n).unwrap_or(0),
                Value::Sym(sym, offset) => {
                    let least = self.state.syms[sym as usize].lo.saturating_add(offset);
                    u32::try_from(least).unwrap_or(1)
                }
                _ => 1,
            },
            _ => 0,
        };
        let loop_of_wait = proc.site().filter(|at| self.in_loop(*at)).map(|at| at.0);
        let unstarted = on_it(Happening::Added)
            .rfind(|(index, add)| self.starts_none(*index, add.proc))
            .map(|(_, add)| self.place(add.at));
        Tally {
            added: done + left,
            done,
            added_in_loop: on_it(Happening::Added)
                .any(|(_, e)| Some(e.at.0) == loop_of_wait && self.in_loop(e.at)),
            unstarted,
            copied: self.was_copied(group),
        }
    }

    /// Whether another group from the same place was told that one is done: a copy, as no loop makes several.
    fn was_copied(&self, group: ObjId) -> bool {
        let Obj::Wait(site, ..) = &self.state.heap[group as usize] else {
            return false;
        };
        let is_copy = |id: ObjId| {
            let obj = &self.state.heap[id as usize];
            id != group && matches!(obj, Obj::Wait(other, ..) if other == site)
        };
        !self.made_in_loop(site)
            && self
                .events
                .iter()
                .any(|e| e.what == Happening::CountedDown && e.on.is_some_and(is_copy))
    }

    /// Whether the goroutine that did the event at `index` started none between it and the next `Add` or the end.
    fn starts_none(&self, index: usize, proc: u32) -> bool {
        self.events[index + 1..]
            .iter()
            .filter(|e| e.proc == proc)
            .find_map(|e| match e.what {
                Happening::Spawned(_) => Some(false),
                Happening::Added => Some(true),
                _ => None,
            })
            .unwrap_or(true)
    }

    pub(super) fn in_loop(&self, (body, pc): (BodyId, Pc)) -> bool {
        self.machine.source(body).in_loop.get(pc as usize) == Some(&true)
    }

    /// A `Done` that the goroutine that was lost did not come to; when none was lost, one that nobody came to.
    fn skipped_done(&self, root: BodyId, name: &str) -> Option<Place> {
        let last_help = self.events.iter().rposition(|e| e.help);
        let lost = last_help
            .and_then(|i| self.events.get(i + 1))
            .map(|e| e.proc);
        let of_lost = |proc: u32| lost.is_none_or(|lost| lost == proc);
        let visited: BTreeSet<BodyId> = self
            .events
            .iter()
            .filter(|e| of_lost(e.proc))
            .map(|e| e.at.0)
            .chain(lost.is_none().then_some(root))
            .flat_map(|body| self.machine.program.family(body))
            .collect();
        visited
            .into_iter()
            .flat_map(|body| self.dones(body, name))
            .find(|at| {
                !self
                    .events
                    .iter()
                    .any(|e| e.at == *at && e.what == Happening::CountedDown && of_lost(e.proc))
            })
            .map(|at| self.place(at))
    }

    /// The `Done` of a group of that name in a body.
    fn dones(&self, body: BodyId, name: &str) -> Vec<(BodyId, Pc)> {
        let code = self.machine.source(body);
        let is_done = |op: &Op| {
            let (Op::Call(call) | Op::Defer(call)) = op else {
                return false;
            };
            let way = call.args.first().and_then(way_of);
            matches!(call.callee, Callee::Library(Effect::WaitDone, _))
                && way.is_some_and(|way| {
                    let var = &code.vars[way.var as usize].name;
                    way.field.as_ref().unwrap_or(var) == name || self.groups() == 1
                })
        };
        (0..code.code.len() as Pc)
            .filter(|pc| is_done(&code.code[*pc as usize]))
            .map(|pc| (body, pc))
            .collect()
    }

    fn groups(&self) -> usize {
        let is_group = |obj: &&Obj| matches!(obj, Obj::Wait(..));
        self.state.heap.iter().filter(is_group).count()
    }
}
