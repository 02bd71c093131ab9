//! Records of members of a rowing club that does not exist, indented.

use std::fmt::Write as _;

use super::dice::Dice;

/// Bytes.
pub(super) const SIZE: usize = 194_056;

const GIVEN: &[&str] = &[
    "Alma", "Bero", "Celia", "Darin", "Edda", "Falk", "Gerda", "Hanno", "Ilse", "Jorin", "Katja", "Lasse", "Mira",
    "Nils", "Oda", "Piet", "Rieke", "Soeren", "Tilda", "Udo", "Vera", "Wim",
];
const FAMILY: &[&str] = &[
    "Ahrend", "Bolte", "Clasen", "Dierks", "Ebeling", "Fock", "Gloy", "Harms", "Iden", "Jessen", "Kruse", "Lorenz",
    "Mohr", "Nissen", "Ohm", "Petersen", "Rohde", "Sievers", "Thode", "Voss", "Witt",
];
const PLACES: &[&str] = &["Altwerder", "Birkensee", "Deichhorst", "Grashof", "Moorkamp", "Nordhaven", "Steinbek"];
const ROADS: &[&str] = &["Harbour Lane", "Mill Road", "Dyke Street", "Orchard Row", "Ferry Walk", "Lock Street"];
const BOATS: &[&str] = &["single scull", "double scull", "coxless pair", "coxed four", "eight"];
const ROLES: &[&str] = &["member", "coach", "treasurer", "guest", "cox"];
const NOTES: &[&str] = &[
    "prefers the early hours when the river is still",
    "keeps the key of the northern boat house",
    "took part in the autumn regatta and would do so again",
    "has asked for a locker close to the door",
    "rows on the port side unless the crew is short",
    "is waiting for the new oars to arrive",
    "pays the fee by the quarter",
    "shares a berth with a neighbour",
];

pub(super) fn make() -> Vec<u8> {
    let mut dice = Dice::new(121);
    let mut out = String::from("{\n  \"club\": \"Altwerder Rowing\",\n  \"season\": 7,\n  \"members\": [");
    let mut number = 0;
    while out.len() < SIZE - 2_000 {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        member(&mut out, number, &mut dice);
        number += 1;
    }
    out.push_str("\n  ],\n  \"remark\": \"");
    while out.len() < SIZE - 4 {
        let words = dice.pick(NOTES);
        let room = SIZE - 4 - out.len();
        out.push_str(&words[..words.len().min(room)]);
        if room > words.len() {
            out.push(' ');
        }
    }
    out.push_str("\"\n}\n");
    out.into_bytes()
}

fn member(out: &mut String, number: usize, dice: &mut Dice) {
    let given = dice.pick(GIVEN);
    let family = dice.pick(FAMILY);
    let mail = format!("{}.{}@rowing.example", given.to_lowercase(), family.to_lowercase());
    out.push_str("    {\n");
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "      \"{name}\": {value},");
    };
    let quoted = |text: &str| format!("\"{text}\"");
    line("index", &number.to_string());
    line("key", &quoted(&format!("{:012x}", dice.roll() >> 16)));
    line("active", if dice.one_in(4) { "false" } else { "true" });
    line("givenName", &quoted(given));
    line("familyName", &quoted(family));
    line("mail", &quoted(&mail));
    line("role", &quoted(dice.pick(ROLES)));
    line("boat", &quoted(dice.pick_skewed(BOATS)));
    let (road, place) = (dice.pick(ROADS), dice.pick(PLACES));
    line(
        "address",
        &format!("{{ \"road\": \"{road}\", \"number\": {}, \"place\": \"{place}\" }}", dice.between(1, 99)),
    );
    let date = format!("20{:02}-{:02}-{:02}", dice.between(2, 24), dice.between(1, 12), dice.between(1, 28));
    line("joined", &quoted(&date));
    let times: Vec<_> =
        (0..4).map(|_| format!("\n        {}.{:03}", dice.between(380, 520), dice.below(1000))).collect();
    line("times", &format!("[{}\n      ]", times.join(",")));
    line("balance", &format!("{}.{:02}", dice.below(300), dice.below(100)));
    let note = dice.pick(NOTES);
    let _ = write!(out, "      \"note\": \"{note}\"\n    }}");
}
