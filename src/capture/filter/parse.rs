//! Text as an expression: every name is looked up and every value is of the kind of its field, or it is said where not.

use globset::GlobBuilder;

use super::error::{Fault, FilterError};
use super::expression::{Expression, Is, Order, Quoted, Test};
use super::field::{self, Field, Kind, Over};
use super::token::{Span, Token, Tokens};
use super::value;

/// The longest expression, in bytes.
const LONGEST: usize = 1 << 20;
/// The most parentheses within each other.
const DEEPEST: usize = 100;

type Result<T> = std::result::Result<T, (Fault, Span)>;

/// Parses an expression over the records of a table, or others. With `early` only fields are let through that are known of a connection when it
/// opens.
pub(super) fn parse(text: &str, table: Over, early: bool) -> std::result::Result<Expression, FilterError> {
    let error = |(fault, at)| FilterError::new(text, at, fault);
    if text.len() > LONGEST {
        return Err(error((Fault::Long(LONGEST), 0..0)));
    }
    let mut tokens = Tokens::new(text);
    let (token, at) = tokens.next().map_err(error)?;
    let mut parser = Parser { table, early, tokens, token, at, depth: 0 };
    parser.whole().map_err(error)
}

struct Parser<'a> {
    table: Over,
    early: bool,
    tokens: Tokens<'a>,
    /// What is next, and where.
    token: Token<'a>,
    at: Span,
    depth: usize,
}

/// A value, and how it was written.
struct Value<'a> {
    word: Option<&'a str>,
    quoted: Vec<u8>,
    at: Span,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Result<(Token<'a>, Span)> {
        let (token, at) = self.tokens.next()?;
        Ok((std::mem::replace(&mut self.token, token), std::mem::replace(&mut self.at, at)))
    }

    /// Goes on if this is next.
    fn takes(&mut self, token: &Token<'_>, word: &str) -> Result<bool> {
        let is = self.token == *token || (!word.is_empty() && self.token == Token::Word(word));
        if is {
            self.advance()?;
        }
        Ok(is)
    }

    fn wanted<T>(&self, what: &'static str) -> Result<T> {
        Err((Fault::Wanted(what), self.at.clone()))
    }

    fn whole(&mut self) -> Result<Expression> {
        if self.token == Token::End {
            return Err((Fault::Empty, self.at.clone()));
        }
        let expression = self.any()?;
        if self.token == Token::End { Ok(expression) } else { self.wanted("`&&`, `||` or the end") }
    }

    fn any(&mut self) -> Result<Expression> {
        let mut several = vec![self.all()?];
        while self.takes(&Token::Or, "or")? {
            several.push(self.all()?);
        }
        Ok(single(several).unwrap_or_else(Expression::Any))
    }

    fn all(&mut self) -> Result<Expression> {
        let mut several = vec![self.one()?];
        while self.takes(&Token::And, "and")? {
            several.push(self.one()?);
        }
        Ok(single(several).unwrap_or_else(Expression::All))
    }

    fn one(&mut self) -> Result<Expression> {
        let mut negated = false;
        while self.takes(&Token::Not, "not")? {
            negated = !negated;
        }
        let expression = if self.token == Token::Open {
            let (_, at) = self.advance()?;
            if self.depth == DEEPEST {
                return Err((Fault::Deep, at));
            }
            self.depth += 1;
            let inner = self.any()?;
            self.depth -= 1;
            match self.token {
                Token::Close => self.advance()?,
                Token::End => return Err((Fault::Parenthesis, at)),
                _ => return self.wanted("`&&`, `||` or `)`"),
            };
            inner
        } else {
            Expression::Test(self.test()?)
        };
        Ok(if negated { Expression::Not(Box::new(expression)) } else { expression })
    }

    fn test(&mut self) -> Result<Test> {
        let Token::Word(name) = self.token else { return self.wanted("a field") };
        let Some((field, kind)) = field::find(name, self.table) else {
            return Err((Fault::Field(self.unknown(name)), self.at.clone()));
        };
        let (_, at) = self.advance()?;
        self.in_time(name, field, &at)?;
        let subject = Subject { name, field, kind };
        let is = match self.token {
            Token::Order(order) => {
                let (_, sign) = self.advance()?;
                self.compared(&subject, order, sign)?
            }
            Token::Word("in") => {
                self.advance()?;
                self.listed(&subject)?
            }
            Token::Word(order @ ("contains" | "matches")) => {
                let (_, sign) = self.advance()?;
                self.partly(&subject, order == "matches", sign)?
            }
            Token::Word("and" | "or") => bare(&subject, at)?,
            Token::Word(_) | Token::Quoted(_) => return self.wanted("`==` or another comparison"),
            _ => bare(&subject, at)?,
        };
        Ok(Test { field, kind, is })
    }

    /// Whether a field is known when it is asked for.
    fn in_time(&self, name: &str, field: Field, at: &Span) -> Result<()> {
        if self.early && field.is_late() { Err((Fault::Late(name.to_owned()), at.clone())) } else { Ok(()) }
    }

    /// What is said of a name that is none.
    fn unknown(&self, name: &str) -> String {
        let list = field::names(self.table).join(", ");
        let shown = shown(name);
        let own = self.table.name();
        if let Some(near) = near(name, field::all_names(self.table)) {
            return format!("{own} have no `{shown}`, did you mean `{near}`? They have {list}");
        }
        let others: Vec<&str> = match self.table {
            Over::Table(_) => field::tables(name).map(super::Table::name).collect(),
            Over::Fields(_) => Vec::new(),
        };
        if others.is_empty() {
            return format!("{own} have no `{shown}`: they have {list}");
        }
        format!("{own} have no `{shown}`, {} have: they have {list}", others.join(", "))
    }

    fn value(&mut self) -> Result<Value<'a>> {
        if !matches!(self.token, Token::Word(_) | Token::Quoted(_)) {
            return self.wanted("a value");
        }
        Ok(match self.advance()? {
            (Token::Word(word), at) => Value { word: Some(word), quoted: word.as_bytes().to_vec(), at },
            (Token::Quoted(quoted), at) => Value { word: None, quoted, at },
            (_, at) => return Err((Fault::Wanted("a value"), at)),
        })
    }

    fn compared(&mut self, subject: &Subject<'_>, order: Order, sign: Span) -> Result<Is> {
        let equal = match order {
            Order::Equal => Some(true),
            Order::Different => Some(false),
            _ => None,
        };
        if equal.is_none() && !subject.is_ordered() {
            return Err((subject.misfit(order.sign(), "`==`, `!=` or `in`"), sign));
        }
        let value = self.value()?;
        Ok(match (subject.kind, equal) {
            (Kind::Text | Kind::Bytes, Some(true)) => Is::Text(vec![subject.text(value)?]),
            (Kind::Text | Kind::Bytes, _) => Is::OtherText(subject.text(value)?),
            (Kind::Address, Some(true)) => Is::Address(vec![subject.network(&value)?]),
            (Kind::Address, _) => Is::OtherAddress(subject.network(&value)?),
            _ => match subject.number(&value) {
                Ok(number) => Is::Number(order, number),
                Err(fault) => {
                    let other = value.word.and_then(|word| Some((word, field::find(word, self.table)?)));
                    match other.filter(|(_, (_, kind))| *kind == subject.kind) {
                        Some((word, (field, _))) => {
                            self.in_time(word, field, &value.at)?;
                            Is::Field(order, field)
                        }
                        None => return Err(fault),
                    }
                }
            },
        })
    }

    /// What follows `in`.
    fn listed(&mut self, subject: &Subject<'_>) -> Result<Is> {
        let (mut texts, mut networks, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
        let several = self.takes(&Token::OpenList, "")?;
        loop {
            let value = self.value()?;
            match subject.kind {
                Kind::Text | Kind::Bytes => texts.push(subject.text(value)?),
                Kind::Address => networks.push(subject.network(&value)?),
                _ => {
                    let first = subject.number(&value)?;
                    let is_range = subject.is_ordered() && self.takes(&Token::Range, "")?;
                    let last = if is_range { self.value()? } else { value };
                    let number = subject.number(&last)?;
                    if number < first {
                        return Err((Fault::Range, last.at));
                    }
                    ranges.push((first, number));
                }
            }
            if !several {
                break;
            }
            if !self.takes(&Token::Comma, "")? {
                match self.takes(&Token::CloseList, "")? {
                    true => break,
                    false => return self.wanted("`,` or `]`"),
                }
            }
        }
        Ok(match subject.kind {
            Kind::Text | Kind::Bytes => Is::Text(texts),
            Kind::Address => Is::Address(networks),
            _ => Is::Within(ranges),
        })
    }

    /// What follows `contains` and `matches`.
    fn partly(&mut self, subject: &Subject<'_>, is_pattern: bool, sign: Span) -> Result<Is> {
        if !matches!(subject.kind, Kind::Text | Kind::Bytes) {
            let order = if is_pattern { "matches" } else { "contains" };
            let instead = if subject.is_ordered() { "`==`, `<`, `in` and the like" } else { "`==`, `!=` or `in`" };
            return Err((subject.misfit(order, instead), sign));
        }
        let value = self.value()?;
        if !is_pattern {
            return Ok(Is::Contains(subject.text(value)?));
        }
        let pattern = |reason: String| (Fault::Pattern(reason), value.at.clone());
        let text = std::str::from_utf8(&value.quoted).map_err(|_| pattern("it is not UTF-8".to_owned()))?;
        let glob = GlobBuilder::new(text).backslash_escape(true).build();
        let glob = glob.map_err(|error| pattern(error.kind().to_string()))?;
        Ok(Is::Matches(Box::new(glob.compile_matcher())))
    }
}

/// The field that something is said of.
struct Subject<'a> {
    name: &'a str,
    field: Field,
    kind: Kind,
}

impl Subject<'_> {
    /// Whether one value can be less than another.
    const fn is_ordered(&self) -> bool {
        match self.kind {
            Kind::Number | Kind::Span | Kind::Time => true,
            Kind::Word(words) => words.are_numbers(),
            _ => false,
        }
    }

    fn misfit(&self, order: &'static str, instead: &'static str) -> Fault {
        Fault::Order { field: self.name.to_owned(), kind: self.kind.to_string(), order, instead }
    }

    fn no_value(&self, value: &Value<'_>) -> (Fault, Span) {
        let written = match value.word {
            Some(word) => format!("`{}`", shown(word)),
            None => Quoted(&value.quoted[..value.quoted.len().min(60)]).to_string(),
        };
        let near = match (self.kind, value.word) {
            (Kind::Word(words), Some(word)) => near(word, words.list()),
            _ => None,
        };
        let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        let (field, kind) = (self.name.to_owned(), self.kind.to_string());
        (Fault::Value { field, kind, value: written, near }, value.at.clone())
    }

    fn number(&self, value: &Value<'_>) -> Result<i128> {
        // A time may be quoted, because in most languages it has to be; so may a word.
        let quoted = || std::str::from_utf8(&value.quoted).ok();
        let text = match self.kind {
            Kind::Time | Kind::Span | Kind::Word(_) => quoted(),
            _ => value.word,
        };
        text.and_then(|text| value::number(self.kind, text)).ok_or_else(|| self.no_value(value))
    }

    fn text(&self, value: Value<'_>) -> Result<Vec<u8>> {
        match (self.kind, value.word) {
            (Kind::Bytes, Some(word)) if word.starts_with("0x") => {
                value::hex(word).ok_or_else(|| self.no_value(&value))
            }
            _ => Ok(value.quoted),
        }
    }

    fn network(&self, value: &Value<'_>) -> Result<super::expression::Network> {
        let text = std::str::from_utf8(&value.quoted).ok();
        text.and_then(value::network).ok_or_else(|| self.no_value(value))
    }
}

/// A field alone: a truth is told, and of what may be unknown, that it is known.
fn bare(subject: &Subject<'_>, at: Span) -> Result<Is> {
    let may_be_unknown = match subject.field {
        Field::Other { optional, .. } => optional || subject.kind == Kind::Truth,
        Field::Clause | Field::Client | Field::Server | Field::From | Field::To => false,
        Field::Status | Field::Code | Field::CloseCode | Field::CloseBy | Field::Time => true,
        Field::Opened | Field::Closed => true,
        _ => matches!(subject.kind, Kind::Truth | Kind::Text | Kind::Bytes),
    };
    if may_be_unknown { Ok(Is::So) } else { Err((Fault::Bare(subject.name.to_owned()), at)) }
}

/// A word, fit to be shown.
fn shown(word: &str) -> String {
    const MOST: usize = 60;
    let dots = if word.chars().nth(MOST).is_some() { "…" } else { "" };
    let beginning: String = word.chars().take(MOST).collect();
    format!("{}{dots}", beginning.escape_debug())
}

/// The one expression, or all of them.
fn single(mut several: Vec<Expression>) -> std::result::Result<Expression, Vec<Expression>> {
    match several.pop() {
        Some(one) if several.is_empty() => Ok(one),
        Some(last) => {
            several.push(last);
            Err(several)
        }
        None => Err(several),
    }
}

/// What `word` is likely meant to be.
fn near(word: &str, words: Vec<&'static str>) -> Option<&'static str> {
    // Nobody misspells a word by becoming three times as long.
    if word.len() > 40 {
        return None;
    }
    let word = word.to_lowercase();
    let near = words.into_iter().map(|of| (strsim::normalized_damerau_levenshtein(&word, &of.to_lowercase()), of));
    let (likeness, near) = near.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness > 0.6).then_some(near)
}
