//! Where the primitive that a goroutine waits for was made, and what it is called there.

use super::state::{Obj, ObjId, Site, Value};
use super::witness::Teller;
use crate::flow::ir::{BodyId, Expr, Op, Target};
use crate::leak::{OpKind, Operation, Origin};
use crate::source::{Place, Span};
use crate::summary::way_of;

impl Teller<'_, '_> {
    pub(super) fn origin(&self, primitive: Option<ObjId>, op: &Operation) -> Option<Origin> {
        let id = primitive?;
        // A field that was never set has no place of its own.
        let (site, capacity, symbolic) = match &self.state.heap[id as usize] {
            Obj::Chan { site, cap, .. } => {
                match self.large_room(cap).unwrap_or(self.state.norm(cap)) {
                    Value::Int(n) => (*site, u32::try_from(n).unwrap_or(0), false),
                    Value::Sym(sym, offset) => {
                        let hi = self.state.syms[sym as usize].hi.saturating_add(offset);
                        (*site, u32::try_from(hi).unwrap_or(0), true)
                    }
                    _ => (*site, 0, false),
                }
            }
            Obj::Wait(site, ..)
            | Obj::Cond(site, _)
            | Obj::Context(site, ..)
            | Obj::Clock(site, _) => (*site, 0, false),
            _ => return None,
        };
        if site.span == Span::default() {
            return None;
        }
        let channel = matches!(self.state.heap[id as usize], Obj::Chan { .. });
        let mut origin = self.origin_of(&site, channel, capacity, symbolic);
        if matches!(op.kind, OpKind::Lock | OpKind::ReadLock) {
            // The locks of a struct are all made where it is.
            let name = op.target.rsplit('.').next().unwrap_or_default();
            name.clone_into(&mut origin.name);
        }
        if op.pipe {
            // The end that would have to be read from, written to or closed.
            let [reader, writer] = self.ends_of(&site);
            origin.name = if op.kind == OpKind::Send {
                reader
            } else {
                writer
            };
        }
        Some(origin)
    }

    /// The constant that a large capacity stands for: what a run has decided about it says nothing about the code.
    fn large_room(&self, cap: &Value) -> Option<Value> {
        let Value::Sym(sym, _) = cap else { return None };
        self.state.syms[*sym as usize].large.map(Value::Int)
    }

    fn origin_of(&self, site: &Site, channel: bool, capacity: u32, symbolic: bool) -> Origin {
        let file = self.machine.source(site.body).file;
        Origin {
            at: Place {
                file,
                span: site.span,
            },
            name: self.name_of(site),
            in_loop: self.made_in_loop(site),
            capacity,
            capacity_text: symbolic.then(|| self.quote(site.body, site.size)),
            channel,
        }
    }

    pub(super) fn made_in_loop(&self, site: &Site) -> bool {
        let body = self.machine.source(site.body);
        (0..body.code.len()).any(|pc| body.in_loop[pc] && body.spans[pc].contains(site.span))
    }

    /// The variable or field that a primitive is first put into.
    pub(super) fn name_of(&self, site: &Site) -> String {
        let body = self.machine.source(site.body);
        for (pc, op) in body.code.iter().enumerate() {
            // A context or a ticker is what a call returns.
            if let Op::Call(call) = op
                && body.spans[pc] == site.span
                && let Some(target) = call.dests.first()
            {
                return self.name_of_target(site.body, target);
            }
            let Op::Set(target, value) = op else { continue };
            if makes(value, site.span) {
                return self.name_of_target(site.body, target);
            }
            if let Some(name) = field_that_makes(value, site.span) {
                return name;
            }
        }
        String::new()
    }

    /// What the two ends of a pipe are put into.
    fn ends_of(&self, site: &Site) -> [String; 2] {
        let body = self.machine.source(site.body);
        let pipe = body.code.iter().find_map(|op| match op {
            Op::Set(Target::Var(pipe), value) if makes(value, site.span) => Some(*pipe),
            _ => None,
        });
        let mut ends = body
            .code
            .iter()
            .zip(&body.spans)
            .filter_map(|(op, at)| match op {
                Op::Set(target, Expr::Var(var)) if Some(*var) == pipe && *at == site.span => {
                    Some(self.name_of_target(site.body, target))
                }
                _ => None,
            });
        [(); 2].map(|()| ends.next().unwrap_or_default())
    }

    /// The variable or field that something is put into; a temporary hands it to a field of what is made next.
    fn name_of_target(&self, id: BodyId, target: &Target) -> String {
        let body = self.machine.source(id);
        match target {
            Target::Var(var) if body.vars[*var as usize].name.is_empty() => body
                .code
                .iter()
                .find_map(|op| {
                    let mut name = None;
                    op.exprs(&mut |e| name = name.take().or_else(|| field_given(e, *var)));
                    name
                })
                .unwrap_or_default(),
            Target::Var(var) => body.vars[*var as usize].name.to_string(),
            // An element has no name of its own.
            Target::Place(Expr::Index(..)) => String::new(),
            Target::Place(place) => way_of(place)
                .and_then(|w| w.field)
                .map(|f| f.to_string())
                .unwrap_or_default(),
            Target::Ignore => String::new(),
        }
    }
}

fn makes(value: &Expr, span: Span) -> bool {
    match value {
        Expr::MakeChan(_, at, _) | Expr::Zero(_, at) => *at == span,
        Expr::Addr(inner) => makes(inner, span),
        _ => false,
    }
}

/// The field of a composite literal that is given a variable's value.
fn field_given(value: &Expr, var: crate::flow::ir::Var) -> Option<String> {
    match value {
        Expr::Struct(_, fields, ..) => fields.iter().find_map(|(name, value)| match value {
            Expr::Var(given) if *given == var => Some(name.to_string()),
            other => field_given(other, var),
        }),
        Expr::Addr(inner) | Expr::Receiver(inner) => field_given(inner, var),
        _ => None,
    }
}

fn field_that_makes(value: &Expr, span: Span) -> Option<String> {
    match value {
        Expr::Struct(_, fields, ..) => fields.iter().find_map(|(name, value)| {
            if makes(value, span) {
                Some(name.to_string())
            } else {
                field_that_makes(value, span)
            }
        }),
        _ => None,
    }
}
