//! Where the type `feature::Name` comes from: `crate = …`, or `::license_axum`.

use proc_macro::{Delimiter, Group, Ident, Literal, Spacing, Span, TokenStream, TokenTree};

use crate::{
    error::Error,
    literal::Name,
    tokens::{Tokens, is_punct, path_separator, punct},
};

const NOT_AN_ARGUMENT: &str = "expected `crate = path::to::license_axum` or nothing";
const NO_PATH: &str = "expected a path after `crate =`, such as `::my_license`";
const NO_NAME: &str = "expected `,` and a feature name after the path";

/// The path in front of `feature::Name`.
pub(crate) struct Path(Vec<TokenTree>);

/// The arguments of `#[licensed]`: none, or `crate = …` and no more.
pub(crate) fn only(tokens: TokenStream) -> Result<Path, Error> {
    let mut tokens = tokens.into_iter().peekable();
    if tokens.peek().is_none() {
        return Ok(Path::default());
    }
    let path = assigned(&mut tokens)?;
    let rest = match tokens.next() {
        Some(token) if is_punct(&token, ',') => tokens.next(),
        other => other,
    };
    match rest {
        None => Ok(path),
        Some(rest) => Err(Error::new(NOT_AN_ARGUMENT, rest.span())),
    }
}

/// The path at the start of `feature!(crate = …, "name")`, if there is one, with
/// the comma after it.
pub(crate) fn leading(tokens: &mut Tokens) -> Result<Path, Error> {
    if !tokens.peek().is_some_and(is_crate) {
        return Ok(Path::default());
    }
    let path = assigned(tokens)?;
    match tokens.next() {
        // The path ends at a comma or at the end.
        Some(_) => Ok(path),
        None => Err(Error::new(NO_NAME, Span::call_site())),
    }
}

impl Path {
    /// The type that stands for a feature name, all of it at the literal.
    pub(crate) fn name_type(&self, name: &Name) -> TokenStream {
        let span = Span::call_site().located_at(name.span);
        let arguments = name.text.chars().flat_map(|character| {
            let mut literal = Literal::character(character);
            literal.set_span(span);
            [TokenTree::Literal(literal), punct(',', Spacing::Alone, span)]
        });
        self.type_with(arguments, name.span)
    }

    /// A type that reports the error and is a feature otherwise, `Name<{ … }>`, so
    /// that the compiler has nothing to add. (`compile_error!` in place of the
    /// type itself would become `()`, which is not a feature.)
    pub(crate) fn error_type(&self, error: Error) -> TokenStream {
        let span = Span::call_site().located_at(error.span());
        let mut block = Group::new(Delimiter::Brace, error.into_tokens());
        block.set_span(span);
        self.type_with([TokenTree::Group(block)], error.span())
    }

    /// A name is found where the user's tokens, or this macro, would find it.
    fn type_with(&self, arguments: impl IntoIterator<Item = TokenTree>, at: Span) -> TokenStream {
        let span = Span::call_site().located_at(at);
        let mut tokens = TokenStream::new();
        tokens.extend(self.0.iter().cloned().map(|mut token| {
            token.set_span(token.span().located_at(at));
            token
        }));
        for segment in ["feature", "Name"] {
            tokens.extend(path_separator(span));
            tokens.extend([TokenTree::Ident(Ident::new(segment, span))]);
        }
        tokens.extend([punct('<', Spacing::Alone, span)]);
        tokens.extend(arguments);
        tokens.extend([punct('>', Spacing::Alone, span)]);
        tokens
    }
}

impl Default for Path {
    /// `::license_axum`
    fn default() -> Self {
        let span = Span::call_site();
        let mut tokens = Vec::from(path_separator(span));
        tokens.push(TokenTree::Ident(Ident::new("license_axum", span)));
        Self(tokens)
    }
}

/// `crate = a::b`
fn assigned(tokens: &mut Tokens) -> Result<Path, Error> {
    let mut last = Span::call_site();
    let mut expect = |is: fn(&TokenTree) -> bool| match tokens.next() {
        Some(token) if is(&token) => {
            last = token.span();
            Ok(())
        }
        other => Err(Error::new(NOT_AN_ARGUMENT, other.map_or(last, |token| token.span()))),
    };
    expect(is_crate)?;
    expect(|token| is_punct(token, '='))?;
    path(tokens, last)
}

/// `::a::b` or `a::b`, up to a comma or the end; `after` is the token before it.
fn path(tokens: &mut Tokens, after: Span) -> Result<Path, Error> {
    let mut path = Vec::new();
    while let Some(token) = tokens.next_if(|token| !is_punct(token, ',')) {
        path.push(token);
    }
    if let [TokenTree::Group(group)] = path.as_slice()
        && group.delimiter() == Delimiter::None
    {
        // What a `$path:path` variable stands for.
        path = group.stream().into_iter().collect();
    }
    let mut rest = match path.as_slice() {
        [a, b, rest @ ..] if is_colon(a) && is_colon(b) => rest,
        all => all,
    };
    loop {
        rest = match rest {
            [TokenTree::Ident(_)] => return Ok(Path(path)),
            [TokenTree::Ident(_), a, b, rest @ ..] if is_colon(a) && is_colon(b) => rest,
            [TokenTree::Ident(_), wrong, ..] | [wrong, ..] => {
                return Err(Error::new(NO_PATH, wrong.span()));
            }
            [] => return Err(Error::new(NO_PATH, path.last().map_or(after, TokenTree::span))),
        };
    }
}

fn is_crate(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == "crate")
}

fn is_colon(token: &TokenTree) -> bool {
    is_punct(token, ':')
}
