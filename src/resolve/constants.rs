//! Constants: what an expression of constants comes to.
//!
//! Integers are those of 64 bits; what does not fit is no constant here.

use super::{Package, Ty};
use crate::syntax::ast::{BinaryOp, Expr, ExprId, File, LiteralKind, Name, UnaryOp};

/// A compile-time constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Const {
    /// An integer.
    Int(i64),
    /// A boolean.
    Bool(bool),
    /// A string.
    Str(Name),
}

impl Package<'_> {
    /// Evaluates a constant expression; `local` is asked for names first.
    pub fn const_value(
        &self,
        file: &File,
        id: ExprId,
        iota: i64,
        local: &dyn Fn(&Name) -> Option<Const>,
    ) -> Option<Const> {
        match file.expr(id) {
            Expr::Ident(name) => local(name).or_else(|| match name.as_str() {
                "iota" => Some(Const::Int(iota)),
                "true" => Some(Const::Bool(true)),
                "false" => Some(Const::Bool(false)),
                _ => self.consts.get(name).cloned(),
            }),
            Expr::Literal(LiteralKind::Int, text) => parse_int(text).map(Const::Int),
            Expr::Literal(LiteralKind::String, text) => {
                Some(Const::Str(text.trim_matches(['"', '`']).into()))
            }
            Expr::Unary(UnaryOp::Neg, inner) => {
                match self.const_value(file, *inner, iota, local)? {
                    Const::Int(n) => n.checked_neg().map(Const::Int),
                    _ => None,
                }
            }
            Expr::Unary(UnaryOp::Not, inner) => {
                match self.const_value(file, *inner, iota, local)? {
                    Const::Bool(b) => Some(Const::Bool(!b)),
                    _ => None,
                }
            }
            Expr::Binary(op, left, right) => {
                let left = self.const_value(file, *left, iota, local)?;
                let right = self.const_value(file, *right, iota, local)?;
                fold(*op, &left, &right)
            }
            // A conversion of a constant to an integer type keeps its value.
            Expr::Call(fun, args, false) if args.len() == 1 => match file.expr(*fun) {
                Expr::Ident(name) if matches!(self.named_type(0, name), Ty::Int) => {
                    self.const_value(file, args[0], iota, local)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Folds two constants, as Go does for untyped ones; `None` when the operation or kinds do not fit.
pub fn fold(op: BinaryOp, left: &Const, right: &Const) -> Option<Const> {
    match (left, right) {
        (Const::Int(a), Const::Int(b)) => match op {
            BinaryOp::Add => a.checked_add(*b).map(Const::Int),
            BinaryOp::Sub => a.checked_sub(*b).map(Const::Int),
            BinaryOp::Mul => a.checked_mul(*b).map(Const::Int),
            BinaryOp::Div => a.checked_div(*b).map(Const::Int),
            BinaryOp::Rem => a.checked_rem(*b).map(Const::Int),
            BinaryOp::And => Some(Const::Int(a & b)),
            BinaryOp::Or => Some(Const::Int(a | b)),
            BinaryOp::Xor => Some(Const::Int(a ^ b)),
            BinaryOp::AndNot => Some(Const::Int(a & !b)),
            BinaryOp::Shl => u32::try_from(*b)
                .ok()
                .and_then(|b| a.checked_shl(b))
                .map(Const::Int),
            BinaryOp::Shr => u32::try_from(*b)
                .ok()
                .and_then(|b| a.checked_shr(b))
                .map(Const::Int),
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            BinaryOp::Lt => Some(Const::Bool(a < b)),
            BinaryOp::Le => Some(Const::Bool(a <= b)),
            BinaryOp::Gt => Some(Const::Bool(a > b)),
            BinaryOp::Ge => Some(Const::Bool(a >= b)),
            _ => None,
        },
        (Const::Bool(a), Const::Bool(b)) => match op {
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            BinaryOp::LogAnd => Some(Const::Bool(*a && *b)),
            BinaryOp::LogOr => Some(Const::Bool(*a || *b)),
            _ => None,
        },
        (Const::Str(a), Const::Str(b)) => match op {
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            _ => None,
        },
        _ => None,
    }
}

/// The value of an integer literal in any of Go's notations.
pub fn parse_int(text: &str) -> Option<i64> {
    let text = text.replace('_', "");
    let (digits, radix) = match text.get(..2) {
        Some("0x" | "0X") => (&text[2..], 16),
        Some("0b" | "0B") => (&text[2..], 2),
        Some("0o" | "0O") => (&text[2..], 8),
        _ if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        _ => (text.as_str(), 10),
    };
    i64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::parse_int;

    #[test]
    fn integers_in_all_notations() {
        for (text, value) in [
            ("0", 0),
            ("10", 10),
            ("1_000", 1000),
            ("0x1F", 31),
            ("017", 15),
            ("0b11", 3),
        ] {
            assert_eq!(parse_int(text), Some(value), "{text}");
        }
    }
}
