//! The stable text form of a syntax tree, for tests and for people.
//!
//! One statement or declaration per line, indented by depth; expressions as `(form part …)`, names and literals as they
//! stand in the source, an absent part as `-`.

use super::ast::{
    AssignOp, BinaryOp, Block, ChanDir, Decl, Expr, ExprId, File, FuncDecl, Name, Param, Signature,
    Stmt, StmtId, SwitchClause, UnaryOp,
};

/// Writes `file` as text.
pub fn dump(file: &File) -> String {
    let mut d = Dump {
        file,
        out: String::new(),
        indent: 0,
    };
    d.line(&["package ", &file.package]);
    for import in &file.imports {
        let name = import.name.as_deref().unwrap_or("-");
        d.line(&["import ", name, " ", &import.path]);
    }
    for decl in &file.decls {
        d.decl(decl);
    }
    for span in &file.unreadable {
        d.line(&[&format!("unreadable {}..{}", span.start, span.end)]);
    }
    if d.out.starts_with('\n') {
        d.out.remove(0);
    }
    d.out.push('\n');
    d.out
}

struct Dump<'a> {
    file: &'a File,
    out: String,
    indent: usize,
}

impl Dump<'_> {
    /// Starts a line with `texts`.
    fn line(&mut self, texts: &[&str]) {
        self.out.push('\n');
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.put(texts);
    }

    fn put(&mut self, texts: &[&str]) {
        for text in texts {
            self.out.push_str(text);
        }
    }

    fn decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Func(function) => self.func(function),
            Decl::Value(spec) => {
                self.line(&[if spec.is_const { "const" } else { "var" }]);
                for (name, _) in &spec.names {
                    self.put(&[" ", name]);
                }
                self.put(&[" : "]);
                self.optional(spec.ty);
                self.put(&[" ="]);
                self.exprs(&spec.values);
                if spec.is_const {
                    self.put(&[&format!(" @{}", spec.iota)]);
                }
            }
            Decl::Type(spec) => {
                self.line(&[if spec.is_alias { "alias " } else { "type " }, &spec.name]);
                self.type_params(&spec.type_params);
                self.put(&[" "]);
                self.expr(spec.ty);
            }
        }
    }

    fn func(&mut self, function: &FuncDecl) {
        self.line(&["func "]);
        if let Some(receiver) = &function.receiver {
            self.put(&["("]);
            self.param(receiver);
            self.put(&[") "]);
        }
        self.put(&[&function.name]);
        self.type_params(&function.type_params);
        self.put(&[" "]);
        self.signature(&function.signature);
        match &function.body {
            Some(body) => self.block(body),
            None => self.put(&[" -"]),
        }
    }

    fn type_params(&mut self, names: &[Name]) {
        if !names.is_empty() {
            self.put(&["[", &names.join(" "), "]"]);
        }
    }

    fn signature(&mut self, signature: &Signature) {
        for (open, params) in [("(", &signature.params), (" (", &signature.results)] {
            self.put(&[open]);
            for (i, param) in params.iter().enumerate() {
                self.put(&[if i == 0 { "" } else { ", " }]);
                self.param(param);
            }
            self.put(&[")"]);
        }
    }

    fn param(&mut self, param: &Param) {
        self.put(&[param.name.as_deref().unwrap_or("-"), " "]);
        self.put(&[if param.variadic { "..." } else { "" }]);
        self.expr(param.ty);
    }

    fn block(&mut self, block: &Block) {
        self.stmts(&block.stmts);
    }

    fn stmts(&mut self, stmts: &[StmtId]) {
        self.indent += 1;
        for stmt in stmts {
            self.stmt(*stmt);
        }
        self.indent -= 1;
    }

    /// A statement on lines of its own, one level in, after a line that names its role.
    fn role(&mut self, role: &str, stmt: Option<StmtId>) {
        if let Some(stmt) = stmt {
            self.indent += 1;
            self.line(&[role]);
            self.stmts(&[stmt]);
            self.indent -= 1;
        }
    }

    fn body(&mut self, block: &Block) {
        self.indent += 1;
        self.line(&["do"]);
        self.block(block);
        self.indent -= 1;
    }

    fn stmt(&mut self, id: StmtId) {
        match self.file.stmt(id) {
            Stmt::Bad => self.line(&["bad"]),
            Stmt::Empty => self.line(&["empty"]),
            Stmt::Expr(e) => self.with("expr", &[*e]),
            Stmt::Send(channel, value) => self.with("send", &[*channel, *value]),
            Stmt::IncDec(e, inc) => self.with(if *inc { "inc" } else { "dec" }, &[*e]),
            Stmt::Assign(left, op, right) => {
                let op = match op {
                    AssignOp::Define => ":=".to_owned(),
                    AssignOp::Assign => "=".to_owned(),
                    AssignOp::Update(op) => format!("{}=", binary(*op)),
                };
                self.with("assign", left);
                self.put(&[" ", &op]);
                self.exprs(right);
            }
            Stmt::Go(e) => self.with("go", &[*e]),
            Stmt::Defer(e) => self.with("defer", &[*e]),
            Stmt::Return(values) => self.with("return", values),
            Stmt::Break(label) => self.line(&["break ", label.as_deref().unwrap_or("-")]),
            Stmt::Continue(label) => self.line(&["continue ", label.as_deref().unwrap_or("-")]),
            Stmt::Goto(label) => self.line(&["goto ", label]),
            Stmt::Fallthrough => self.line(&["fallthrough"]),
            Stmt::Block(block) => {
                self.line(&["block"]);
                self.block(block);
            }
            Stmt::If {
                init,
                cond,
                then,
                els,
            } => {
                self.with("if", &[*cond]);
                self.role("init", *init);
                self.body(then);
                self.role("else", *els);
            }
            Stmt::Switch { init, tag, clauses } => {
                self.line(&["switch "]);
                self.optional(*tag);
                self.role("init", *init);
                self.clauses(clauses);
            }
            Stmt::TypeSwitch {
                init,
                bind,
                subject,
                clauses,
            } => {
                let bind = bind.as_ref().map_or("-", |(name, _)| name);
                self.line(&["typeswitch ", bind, " "]);
                self.expr(*subject);
                self.role("init", *init);
                self.clauses(clauses);
            }
            Stmt::Select(clauses) => {
                self.line(&["select"]);
                self.indent += 1;
                for clause in clauses {
                    self.line(&[if clause.comm.is_some() {
                        "case"
                    } else {
                        "default"
                    }]);
                    self.role("on", clause.comm);
                    self.stmts(&clause.body);
                }
                self.indent -= 1;
            }
            Stmt::For {
                init,
                cond,
                post,
                body,
            } => {
                self.line(&["for "]);
                self.optional(*cond);
                self.role("init", *init);
                self.role("post", *post);
                self.body(body);
            }
            Stmt::Range {
                key,
                value,
                define,
                subject,
                body,
            } => {
                self.line(&["range "]);
                self.optional(*key);
                self.put(&[" "]);
                self.optional(*value);
                self.put(&[if *define { " := " } else { " = " }]);
                self.expr(*subject);
                self.body(body);
            }
            Stmt::Labeled(label, inner) => {
                self.line(&["label ", label]);
                self.stmts(&[*inner]);
            }
            Stmt::Decl(decls) => {
                self.line(&["decl"]);
                self.indent += 1;
                for decl in decls {
                    self.decl(decl);
                }
                self.indent -= 1;
            }
        }
    }

    fn clauses(&mut self, clauses: &[SwitchClause]) {
        self.indent += 1;
        for clause in clauses {
            self.with(
                if clause.is_default { "default" } else { "case" },
                &clause.exprs,
            );
            self.stmts(&clause.body);
        }
        self.indent -= 1;
    }

    fn with(&mut self, word: &str, exprs: &[ExprId]) {
        self.line(&[word]);
        self.exprs(exprs);
    }

    fn exprs(&mut self, exprs: &[ExprId]) {
        for expr in exprs {
            self.put(&[" "]);
            self.expr(*expr);
        }
    }

    fn optional(&mut self, expr: Option<ExprId>) {
        match expr {
            Some(expr) => self.expr(expr),
            None => self.put(&["-"]),
        }
    }

    fn form(&mut self, word: &str, exprs: &[ExprId]) {
        self.put(&["(", word]);
        self.exprs(exprs);
        self.put(&[")"]);
    }

    fn expr(&mut self, id: ExprId) {
        match self.file.expr(id) {
            Expr::Bad => self.put(&["(bad)"]),
            Expr::Ident(name) => self.put(&[name]),
            Expr::Literal(_, text) => self.put(&[text]),
            Expr::FuncLit(signature, body) => {
                self.put(&["(func "]);
                self.signature(signature);
                self.block(body);
                self.line(&[")"]);
            }
            Expr::CompositeLit(ty, elements) => {
                self.put(&["(lit "]);
                self.optional(*ty);
                for (key, value) in elements {
                    self.put(&[" "]);
                    if let Some(key) = key {
                        self.expr(*key);
                        self.put(&[":"]);
                    }
                    self.expr(*value);
                }
                self.put(&[")"]);
            }
            Expr::Selector(base, name, _) => {
                self.put(&["(. "]);
                self.expr(*base);
                self.put(&[" ", name, ")"]);
            }
            Expr::Index(base, arguments) => {
                self.put(&["(index "]);
                self.expr(*base);
                self.exprs(arguments);
                self.put(&[")"]);
            }
            Expr::Slice(base, bounds) => {
                self.put(&["(slice "]);
                self.expr(*base);
                for bound in bounds {
                    self.put(&[" "]);
                    self.optional(*bound);
                }
                self.put(&[")"]);
            }
            Expr::TypeAssert(base, ty) => {
                self.put(&["(assert "]);
                self.expr(*base);
                self.put(&[" "]);
                self.optional(*ty);
                self.put(&[")"]);
            }
            Expr::Call(callee, arguments, spread) => {
                self.put(&["(call "]);
                self.expr(*callee);
                self.exprs(arguments);
                self.put(&[if *spread { "...)" } else { ")" }]);
            }
            Expr::Star(e) => self.form("star", &[*e]),
            Expr::Unary(op, e) => self.form(unary(*op), &[*e]),
            Expr::Binary(op, left, right) => self.form(binary(*op), &[*left, *right]),
            Expr::ArrayType(length, element) => {
                self.put(&["(array "]);
                self.optional(*length);
                self.put(&[" "]);
                self.expr(*element);
                self.put(&[")"]);
            }
            Expr::SliceType(element) => self.form("sliceof", &[*element]),
            Expr::MapType(key, value) => self.form("map", &[*key, *value]),
            Expr::ChanType(dir, element) => {
                let word = match dir {
                    ChanDir::Both => "chan",
                    ChanDir::Send => "chan<-",
                    ChanDir::Recv => "<-chan",
                };
                self.form(word, &[*element]);
            }
            Expr::StructType(fields) => {
                self.put(&["(struct"]);
                for field in fields {
                    self.put(&[if field.embedded { " *" } else { " " }, &field.name, ":"]);
                    self.expr(field.ty);
                }
                self.put(&[")"]);
            }
            Expr::FuncType(signature) => {
                self.put(&["(functype "]);
                self.signature(signature);
                self.put(&[")"]);
            }
            Expr::InterfaceType(methods, elements) => {
                self.put(&["(interface"]);
                for (name, signature) in methods {
                    self.put(&[" ", name]);
                    self.signature(signature);
                }
                self.exprs(elements);
                self.put(&[")"]);
            }
        }
    }
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Not => "!",
        UnaryOp::Neg => "-",
        UnaryOp::Pos => "+",
        UnaryOp::BitNot => "^",
        UnaryOp::Addr => "&",
        UnaryOp::Recv => "<-",
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::And => "&",
        BinaryOp::Or => "|",
        BinaryOp::Xor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::AndNot => "&^",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::LogAnd => "&&",
        BinaryOp::LogOr => "||",
    }
}
