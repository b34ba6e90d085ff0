//! What interfaces ask for, so that an assertion to one can be decided by the methods that a value has.
//!
//! In: the interfaces that a package declares, and those of the standard library that values are asserted to most. Out: the
//! methods of one, embedded interfaces included. Deliberately absent: constraints, and interfaces of other packages: what
//! those ask for nobody knows.

use super::{Package, Ty, TypeId};
use crate::syntax::ast::{ExprId, Name, Signature};
use rustc_hash::FxHashMap;

/// A method that an interface asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ask {
    /// Its name.
    pub name: Name,
    /// How many parameters it has.
    pub params: usize,
    /// How many results it has.
    pub results: usize,
}

/// An interface as it is written down: its own methods, and what it embeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    methods: Vec<Ask>,
    embedded: Vec<Ty>,
}

/// The interfaces of a package, by type.
pub type Interfaces = FxHashMap<TypeId, Interface>;

/// Interfaces that embed each other are followed this deep.
const DEEP_ENOUGH: u32 = 6;

/// Methods of the standard library's interfaces, with the numbers of their parameters and results.
const CLOSE: (&str, usize, usize) = ("Close", 0, 1);
const READ: (&str, usize, usize) = ("Read", 1, 2);
const WRITE: (&str, usize, usize) = ("Write", 1, 2);
const ERROR: (&str, usize, usize) = ("Error", 0, 1);

impl Package<'_> {
    /// An interface that is written down in the file at `index`; `local` knows the names of types there.
    pub fn interface(
        &self,
        index: usize,
        methods: &[(Name, Signature)],
        elements: &[ExprId],
        local: &dyn Fn(&Name) -> Option<Ty>,
    ) -> Interface {
        let ask = |(name, signature): &(Name, Signature)| Ask {
            name: name.clone(),
            params: signature.params.len(),
            results: signature.results.len(),
        };
        let element = |id: &ExprId| self.type_of_expr_with(index, *id, local);
        Interface {
            methods: methods.iter().map(ask).collect(),
            embedded: elements.iter().map(element).collect(),
        }
    }

    /// The methods an interface asks for, if all of them are known.
    pub fn asks(&self, interface: &Interface) -> Option<Vec<Ask>> {
        self.asks_at(interface, 0)
    }

    /// The methods a type asks for, if it is an interface and all of them are known.
    pub fn asks_of(&self, ty: &Ty) -> Option<Vec<Ask>> {
        self.asks_of_at(ty, 0)
    }

    fn asks_at(&self, interface: &Interface, depth: u32) -> Option<Vec<Ask>> {
        let mut asks = interface.methods.clone();
        for embedded in &interface.embedded {
            for ask in self.asks_of_at(embedded, depth + 1)? {
                if !asks.contains(&ask) {
                    asks.push(ask);
                }
            }
        }
        Some(asks)
    }

    fn asks_of_at(&self, ty: &Ty, depth: u32) -> Option<Vec<Ask>> {
        if depth > DEEP_ENOUGH {
            return None;
        }
        match ty {
            Ty::Error => Some(asks_for(&[ERROR])),
            Ty::Ext(path, name) => standard(path, name),
            Ty::Named(id) => match self.interfaces.get(id) {
                Some(interface) => self.asks_at(interface, depth),
                None => match &self.types[id.0 as usize].underlying {
                    other @ (Ty::Named(_) | Ty::Ext(..) | Ty::Error) => {
                        self.asks_of_at(other, depth + 1)
                    }
                    _ => None,
                },
            },
            _ => None,
        }
    }
}

fn standard(path: &str, name: &str) -> Option<Vec<Ask>> {
    Some(asks_for(match (path, name) {
        ("io", "Closer") => &[CLOSE],
        ("io", "Reader") => &[READ],
        ("io", "Writer") => &[WRITE],
        ("io", "ReadCloser") => &[READ, CLOSE],
        ("io", "WriteCloser") => &[WRITE, CLOSE],
        ("io", "ReadWriter") => &[READ, WRITE],
        ("io", "ReadWriteCloser") => &[READ, WRITE, CLOSE],
        ("io", "StringWriter") => &[("WriteString", 1, 2)],
        ("io", "ReaderFrom") => &[("ReadFrom", 1, 2)],
        ("io", "WriterTo") => &[("WriteTo", 1, 2)],
        ("fmt", "Stringer") => &[("String", 0, 1)],
        ("sync", "Locker") => &[("Lock", 0, 0), ("Unlock", 0, 0)],
        ("net/http", "Flusher") => &[("Flush", 0, 0)],
        ("net", "Error") => &[ERROR, ("Timeout", 0, 1), ("Temporary", 0, 1)],
        _ => return None,
    }))
}

fn asks_for(methods: &[(&'static str, usize, usize)]) -> Vec<Ask> {
    methods
        .iter()
        .map(|(name, params, results)| Ask {
            name: Name::new_static(name),
            params: *params,
            results: *results,
        })
        .collect()
}
