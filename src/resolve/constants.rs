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
            Expr::Literal(LiteralKind::Rune, text) => parse_rune(text).map(Const::Int),
            Expr::Literal(LiteralKind::String, text) => parse_text(text).map(Const::Str),
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

/// The longest text, in bytes, that is put together.
const LONGEST: usize = 4096;

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
            // Texts that double from one constant to the next would grow without end.
            BinaryOp::Add if a.len() + b.len() <= LONGEST => {
                Some(Const::Str(Name::from(format!("{a}{b}"))))
            }
            BinaryOp::Eq => Some(Const::Bool(a == b)),
            BinaryOp::Ne => Some(Const::Bool(a != b)),
            _ => None,
        },
        _ => None,
    }
}

/// The text that a string literal stands for; `None` where that is no UTF-8, or the literal is none of Go's (Go spec, "String
/// literals").
pub fn parse_text(literal: &str) -> Option<Name> {
    if let Some(raw) = literal.strip_prefix('`') {
        return Some(raw.strip_suffix('`')?.replace('\r', "").into());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(inner.into());
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (part, after) = next_char(rest)?;
        rest = after;
        match part {
            Part::Byte(byte) => bytes.push(byte),
            Part::Char(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    String::from_utf8(bytes).ok().map(Name::from)
}

/// The number that a rune literal stands for (Go spec, "Rune literals").
pub fn parse_rune(literal: &str) -> Option<i64> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    match next_char(inner)? {
        (Part::Byte(byte), "") => Some(byte.into()),
        (Part::Char(char), "") => Some(u32::from(char).into()),
        _ => None,
    }
}

/// What a character or an escape of a literal stands for.
enum Part {
    Byte(u8),
    Char(char),
}

/// The first character or escape of the inside of a literal, and what follows it.
fn next_char(text: &str) -> Option<(Part, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first != '\\' {
        return Some((Part::Char(first), chars.as_str()));
    }
    let kind = chars.next()?;
    let rest = chars.as_str();
    let digits = |count: usize| {
        let value = u32::from_str_radix(rest.get(..count)?, 16).ok()?;
        Some((value, &rest[count..]))
    };
    let plain = |char: char| Some((Part::Char(char), rest));
    match kind {
        'a' => plain('\x07'),
        'b' => plain('\x08'),
        'f' => plain('\x0c'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\x0b'),
        '\\' | '\'' | '"' => plain(kind),
        'x' => {
            let (value, rest) = digits(2)?;
            Some((Part::Byte(u8::try_from(value).ok()?), rest))
        }
        'u' | 'U' => {
            let (value, rest) = digits(if kind == 'u' { 4 } else { 8 })?;
            Some((Part::Char(char::from_u32(value)?), rest))
        }
        '0'..='7' => {
            let octal = text.get(1..4)?;
            let value = u8::from_str_radix(octal, 8).ok()?;
            Some((Part::Byte(value), &text[4..]))
        }
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
    use super::*;

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

    #[test]
    fn a_text_is_the_same_however_it_is_written() {
        let texts = [
            "`x\\y`",
            r#""x\\y""#,
            r#""\x78\134\u0079""#,
            r#""\U00000078\\y""#,
        ];
        for literal in texts {
            assert_eq!(parse_text(literal).as_deref(), Some("x\\y"), "{literal}");
        }
        assert_eq!(parse_text("\"\\xe4\\xb8\\x96\"").as_deref(), Some("世"));
        assert_eq!(parse_text("`a\r\nb`").as_deref(), Some("a\nb"));
    }

    #[test]
    fn what_is_no_text_of_go_has_no_value() {
        for literal in [
            "\"",
            "`a",
            "\"\\xff\"",
            "\"\\q\"",
            "\"\\x4\"",
            "\"\\u00\"",
            "\"\\9\"",
            "",
        ] {
            assert_eq!(parse_text(literal), None, "{literal}");
        }
    }

    #[test]
    fn a_rune_is_a_number() {
        for (literal, number) in [
            ("'a'", 97),
            (r"'\n'", 10),
            (r"'\''", 39),
            (r"'\377'", 255),
            ("'世'", 0x4e16),
        ] {
            assert_eq!(parse_rune(literal), Some(number), "{literal}");
        }
        assert_eq!(parse_rune("'ab'"), None);
        assert_eq!(parse_rune("''"), None);
    }

    #[test]
    fn texts_are_put_together_up_to_a_length() {
        let text = |length: usize| Const::Str(Name::from("x".repeat(length)));
        let sum = |a, b| fold(BinaryOp::Add, &text(a), &text(b));
        assert_eq!(sum(1, 2), Some(text(3)));
        assert_eq!(sum(LONGEST, 1), None);
    }
}
