//! Stands in for callers elsewhere: made-up bodies that construct a value, use its exported methods as any caller may,
//! and let go of it.
//!
//! In: a [`Program`] and what its bodies do to their parameters. Out: further bodies, each a root of a search of its own:
//! a constructor, at most one call that may block and at most one way of letting go. While the client has not let go it
//! *could* call any exported method, which keeps everything silent that such a call would serve. Deliberately absent:
//! protocols between methods that only a comment states.

mod build;
mod contract;
mod kept;
mod made;
mod methods;
mod starts;
mod story;

use crate::exposure::Client;
use crate::flow::Program;
use crate::flow::ir::{Body, BodyId, Callee, Op};
use crate::resolve::{TypeId, is_exported};
use crate::source::FileId;
use crate::summary::Future;
use build::Builder;
use contract::{Wanted, value_clients};
use made::{called_here, given_elsewhere, handed_methods, has_any, is_begun_with, made};
use methods::{context_param, methods};
use std::cell::RefCell;

/// A function that makes a value for callers elsewhere.
#[derive(Clone, Debug)]
pub struct Constructor {
    /// The function.
    pub body: BodyId,
    /// What its first result is.
    pub makes: Made,
}

/// What a constructor makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A value of this type.
    Value(TypeId),
    /// Channels to receive from, as its first results.
    Channels(usize),
}

/// The constructors of `program` whose values callers elsewhere may use; `counts` says of which files.
pub fn constructors(program: &Program, counts: &dyn Fn(FileId) -> bool) -> Vec<Constructor> {
    let called = called_here(program);
    let handed = handed_methods(program);
    let given = given_elsewhere(program);
    program
        .bodies
        .iter()
        .enumerate()
        .filter(|(_, body)| body.parent.is_none() && counts(body.file) && body.gives)
        .filter_map(|(index, body)| {
            let makes = made(program, body)?;
            // Who completes what it begins is the constructor.
            if !is_exported(body.simple_name())
                && is_begun_with(program, BodyId(index as u32), makes)
            {
                return None;
            }
            let leaves = is_exported(body.simple_name())
                || !called[index]
                || match makes {
                    Made::Value(ty) => has_any(program, ty, &handed),
                    Made::Channels(_) => given[index],
                };
            if !leaves {
                return None;
            }
            Some(Constructor {
                body: BodyId(index as u32),
                makes,
            })
        })
        .collect()
}

/// The bodies that clients of these constructors may call.
pub fn reached(program: &Program, constructors: &[Constructor]) -> Vec<BodyId> {
    let mut all: Vec<BodyId> = Vec::new();
    let handed = handed_methods(program);
    for constructor in constructors {
        all.push(constructor.body);
        if let Made::Value(ty) = constructor.makes {
            all.extend(methods(program, ty, &handed).into_iter().map(|m| m.body));
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The constructor that a client calls.
pub fn maker(client: &Body) -> Option<BodyId> {
    client.code.iter().find_map(|op| match op {
        Op::Call(call) => match call.callee {
            Callee::Body(id) => Some(id),
            _ => None,
        },
        _ => None,
    })
}

/// The clients of `constructors`, those that rest on a guess only if `guesses`; `entry` tells what a body does to its
/// parameters.
pub fn clients<'e>(
    program: &Program,
    constructors: &[Constructor],
    guesses: bool,
    entry: &dyn Fn(BodyId) -> &'e Future,
) -> Vec<(Body, Client)> {
    let handed = handed_methods(program);
    let wanted = Wanted {
        guesses,
        handed: &handed,
        met: RefCell::default(),
    };
    constructors
        .iter()
        .flat_map(|c| match c.makes {
            Made::Value(ty) => value_clients(program, c.body, ty, &wanted, entry)
                .into_iter()
                .map(|body| (body, Client::Methods(ty)))
                .collect(),
            Made::Channels(count) => {
                // Without a context nothing says that a caller may stop receiving.
                let known = context_param(program, c.body).is_some();
                let wanted = known || guesses;
                let client = || {
                    (
                        Builder::new(program, c.body).channels(count),
                        Client::Receives,
                    )
                };
                Vec::from_iter(wanted.then(client))
            }
        })
        .collect()
}
