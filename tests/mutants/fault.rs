//! What a fault is: a name, what it breaks, and in whom it can be.
//!
//! Every fault is done in one place of the target, where otherwise the right thing happens. Without one the target is
//! faultless.

/// Who can have a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Server,
    Client,
    Both,
}

/// What a fault breaks: a MUST is killed by a case that fails, a SHOULD by one that does not pass strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Must,
    Should,
}

impl Level {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

/// Which fault is switched on, if one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Switch(pub(crate) Option<Fault>);

impl Switch {
    pub(crate) fn is(self, fault: Fault) -> bool {
        self.0 == Some(fault)
    }
}

macro_rules! faults {
    ($($name:ident $end:ident $level:ident $clause:literal $words:literal;)*) => {
        /// One thing that a target does wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault { $(#[doc = concat!("[RFC ", $clause, "] It ", $words, ".")] $name,)* }

        impl Fault {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name in the table of faults.
            pub(crate) const fn ident(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            pub(crate) const fn end(self) -> End {
                match self { $(Self::$name => End::$end,)* }
            }

            pub(crate) const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }

            /// The clause that it breaks, such as `6455#5.1`.
            pub(crate) const fn clause(self) -> &'static str {
                match self { $(Self::$name => $clause,)* }
            }

            /// What the target does, in words that complete "it …".
            pub(crate) const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}
pub(crate) use faults;

pub(crate) use crate::faults::Fault;

impl Fault {
    /// The name by which it is switched on: `takes-unmasked-frames`.
    pub(crate) fn name(self) -> String {
        let mut name = String::new();
        let mut before = '-';
        for letter in self.ident().chars() {
            let begins = letter.is_ascii_uppercase() || letter.is_ascii_digit() && !before.is_ascii_digit();
            if begins && before != '-' {
                name.push('-');
            }
            name.push(letter.to_ascii_lowercase());
            before = letter;
        }
        name.trim_start_matches('-').to_owned()
    }
}
