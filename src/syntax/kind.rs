//! The node kinds and fields of the grammar that lowering asks for, resolved once.

use std::sync::LazyLock;
use tree_sitter::{Language, Node};

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        /// The kind of a node.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($variant,)*
            /// Anything lowering has no use for.
            Other,
        }

        const KIND_NAMES: &[(&str, Kind)] = &[$(($name, Kind::$variant),)*];
    };
}

kinds! {
    ArgumentList = "argument_list",
    ArrayType = "array_type",
    Assignment = "assignment_statement",
    Binary = "binary_expression",
    BlankIdentifier = "blank_identifier",
    Block = "block",
    Break = "break_statement",
    Call = "call_expression",
    ChannelType = "channel_type",
    Comment = "comment",
    CommunicationCase = "communication_case",
    CompositeLiteral = "composite_literal",
    ConstDeclaration = "const_declaration",
    ConstSpec = "const_spec",
    Continue = "continue_statement",
    Dec = "dec_statement",
    DefaultCase = "default_case",
    Defer = "defer_statement",
    Dot = "dot",
    EmptyStatement = "empty_statement",
    ExpressionCase = "expression_case",
    ExpressionList = "expression_list",
    ExpressionStatement = "expression_statement",
    ExpressionSwitch = "expression_switch_statement",
    Fallthrough = "fallthrough_statement",
    False = "false",
    FieldDeclaration = "field_declaration",
    FieldDeclarationList = "field_declaration_list",
    FieldIdentifier = "field_identifier",
    Float = "float_literal",
    ForClause = "for_clause",
    For = "for_statement",
    FuncLiteral = "func_literal",
    FunctionDeclaration = "function_declaration",
    FunctionType = "function_type",
    GenericType = "generic_type",
    Go = "go_statement",
    Goto = "goto_statement",
    Identifier = "identifier",
    If = "if_statement",
    Imaginary = "imaginary_literal",
    ImplicitArrayType = "implicit_length_array_type",
    ImportDeclaration = "import_declaration",
    ImportSpec = "import_spec",
    ImportSpecList = "import_spec_list",
    Inc = "inc_statement",
    Index = "index_expression",
    Int = "int_literal",
    InterfaceType = "interface_type",
    InterpretedString = "interpreted_string_literal",
    Iota = "iota",
    KeyedElement = "keyed_element",
    LabelName = "label_name",
    Labeled = "labeled_statement",
    LiteralElement = "literal_element",
    LiteralValue = "literal_value",
    MapType = "map_type",
    MethodDeclaration = "method_declaration",
    MethodElem = "method_elem",
    NegatedType = "negated_type",
    Nil = "nil",
    PackageClause = "package_clause",
    PackageIdentifier = "package_identifier",
    ParameterDeclaration = "parameter_declaration",
    ParameterList = "parameter_list",
    ParenthesizedExpression = "parenthesized_expression",
    ParenthesizedType = "parenthesized_type",
    PointerType = "pointer_type",
    QualifiedType = "qualified_type",
    RangeClause = "range_clause",
    RawString = "raw_string_literal",
    ReceiveStatement = "receive_statement",
    Return = "return_statement",
    Rune = "rune_literal",
    Select = "select_statement",
    Selector = "selector_expression",
    Send = "send_statement",
    ShortVar = "short_var_declaration",
    Slice = "slice_expression",
    SliceType = "slice_type",
    StatementList = "statement_list",
    StructType = "struct_type",
    True = "true",
    TypeAlias = "type_alias",
    TypeArguments = "type_arguments",
    TypeAssertion = "type_assertion_expression",
    TypeCase = "type_case",
    TypeConstraint = "type_constraint",
    TypeConversion = "type_conversion_expression",
    TypeDeclaration = "type_declaration",
    TypeElem = "type_elem",
    TypeIdentifier = "type_identifier",
    TypeInstantiation = "type_instantiation_expression",
    TypeParameterDeclaration = "type_parameter_declaration",
    TypeSpec = "type_spec",
    TypeSwitch = "type_switch_statement",
    Unary = "unary_expression",
    VarDeclaration = "var_declaration",
    VarSpec = "var_spec",
    VarSpecList = "var_spec_list",
    VariadicArgument = "variadic_argument",
    VariadicParameter = "variadic_parameter_declaration",
    TokenChan = "chan",
    TokenArrow = "<-",
    TokenDefine = ":=",
    TokenAssign = "=",
    TokenStar = "*",
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let language: Language = tree_sitter_go::LANGUAGE.into();
    (0..language.node_kind_count() as u16)
        .map(|id| {
            let name = language.node_kind_for_id(id);
            KIND_NAMES
                .iter()
                .find(|(n, _)| Some(*n) == name)
                .map_or(Kind::Other, |(_, kind)| *kind)
        })
        .collect()
});

impl Kind {
    /// The kind of `node`; an error is of kind [`Kind::Other`].
    pub(super) fn of(node: Node<'_>) -> Self {
        KINDS
            .get(node.kind_id() as usize)
            .copied()
            .unwrap_or(Self::Other)
    }
}

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {
        /// Ids of the grammar's fields.
        pub(super) struct Fields {
            $(pub(super) $field: u16,)*
        }

        /// The ids; zero, which no node has, for a field the grammar does not know.
        pub(super) static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
            let language: Language = tree_sitter_go::LANGUAGE.into();
            let id = |name: &str| language.field_id_for_name(name).map_or(0, std::num::NonZeroU16::get);
            Fields { $($field: id($name),)* }
        });

        #[cfg(test)]
        const FIELD_NAMES: &[&str] = &[$($name,)*];
    };
}

fields! {
    alias = "alias",
    alternative = "alternative",
    arguments = "arguments",
    body = "body",
    capacity = "capacity",
    channel = "channel",
    communication = "communication",
    condition = "condition",
    consequence = "consequence",
    element = "element",
    end = "end",
    field = "field",
    function = "function",
    index = "index",
    initializer = "initializer",
    key = "key",
    label = "label",
    left = "left",
    length = "length",
    name = "name",
    operand = "operand",
    operator = "operator",
    package = "package",
    parameters = "parameters",
    path = "path",
    receiver = "receiver",
    result = "result",
    right = "right",
    start = "start",
    ty = "type",
    type_arguments = "type_arguments",
    type_parameters = "type_parameters",
    update = "update",
    value = "value",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_knows_every_kind_and_field() {
        for (name, kind) in KIND_NAMES {
            assert!(KINDS.contains(kind), "{name}");
        }
        let language: Language = tree_sitter_go::LANGUAGE.into();
        for name in FIELD_NAMES {
            assert!(language.field_id_for_name(name).is_some(), "{name}");
        }
    }
}
