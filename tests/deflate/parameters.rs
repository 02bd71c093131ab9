//! RFC 7692, section 7.1: the parameters of offers and responses.

use proptest::option;
use proptest::prelude::*;
use wslab::proto::Role;
use wslab::proto::deflate::{Agreed, ClientWindow, Direction, Offer, ParamError};
use wslab::proto::opening::Extension;

use crate::{extension, no_takeover, takeover};

fn offer(params: &str) -> Result<Offer, ParamError> {
    Offer::read(&extension(&format!("permessage-deflate{params}")))
}

fn response(params: &str) -> Result<Agreed, ParamError> {
    Agreed::parse(&extension(&format!("permessage-deflate{params}")))
}

#[test]
fn an_offer_without_parameters() {
    assert_eq!(offer("").unwrap(), Offer::default());
    assert_eq!(Extension::from(Offer::default()).to_string(), "permessage-deflate");
}

#[test]
fn an_offer_with_every_parameter() {
    let all = offer(
        "; client_max_window_bits=10; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9",
    );
    let expected = Offer {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: Some(9),
        client_max_window_bits: ClientWindow::AtMost(10),
    };
    assert_eq!(all.unwrap(), expected);
    assert_eq!(
        Extension::from(expected).to_string(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; \
         client_max_window_bits=10"
    );
}

/// Section 7.1.2.2: in an offer the parameter may come without a value.
#[test]
fn a_client_offers_to_be_limited() {
    assert_eq!(offer("; client_max_window_bits").unwrap().client_max_window_bits, ClientWindow::Limitable);
    assert_eq!(response("; client_max_window_bits"), Err(ParamError::ValueMissing("client_max_window_bits")));
}

/// RFC 6455, section 9.1: a quoted value is the same as one without quotes.
#[test]
fn a_value_may_be_quoted() {
    assert_eq!(offer("; server_max_window_bits=\"10\"").unwrap().server_max_window_bits, Some(10));
    assert_eq!(response("; server_max_window_bits=\"1\\0\"").unwrap().server_max_window_bits, Some(10));
}

#[test]
fn windows_have_8_to_15_bits() {
    for bits in 8..=15 {
        let said = format!("; server_max_window_bits={bits}; client_max_window_bits={bits}");
        assert_eq!(offer(&said).unwrap().server_max_window_bits, Some(bits));
        assert_eq!(offer(&said).unwrap().client_max_window_bits, ClientWindow::AtMost(bits));
        assert_eq!(response(&said).unwrap().server_max_window_bits, Some(bits));
        assert_eq!(response(&said).unwrap().client_max_window_bits, Some(bits));
    }
    for name in ["server_max_window_bits", "client_max_window_bits"] {
        // Section 7.1.2.1: a decimal integer without leading zeros.
        for value in ["7", "16", "0", "08", "010", "+9", "-9", "9.0", "0x9", "ten", "256", "264", "99999999999"] {
            for read in [offer(&format!("; {name}={value}")).err(), response(&format!("; {name}={value}")).err()] {
                assert!(
                    matches!(read, Some(ParamError::ValueInvalid(of, _)) if of == name),
                    "{name}={value}: {read:?}"
                );
            }
        }
    }
}

#[test]
fn what_an_offer_and_a_response_have_to_be_declined_for() {
    use ParamError::{Repeated, Unknown, ValueMissing, ValueUnwanted};
    for (params, fault) in [
        ("; window", Unknown("window".to_owned())),
        ("; Server_Max_Window_Bits=10", Unknown("Server_Max_Window_Bits".to_owned())),
        ("; server_no_context_takeover=1", ValueUnwanted("server_no_context_takeover")),
        ("; client_no_context_takeover=true", ValueUnwanted("client_no_context_takeover")),
        ("; server_max_window_bits", ValueMissing("server_max_window_bits")),
        ("; server_no_context_takeover; server_no_context_takeover", Repeated("server_no_context_takeover")),
        ("; client_no_context_takeover; client_no_context_takeover", Repeated("client_no_context_takeover")),
        ("; server_max_window_bits=10; server_max_window_bits=10", Repeated("server_max_window_bits")),
        ("; client_max_window_bits=10; client_max_window_bits=9", Repeated("client_max_window_bits")),
    ] {
        assert_eq!(offer(params).unwrap_err(), fault, "{params}");
        assert_eq!(response(params).unwrap_err(), fault, "{params}");
    }
    assert_eq!(offer("; client_max_window_bits; client_max_window_bits"), Err(Repeated("client_max_window_bits")));
    assert_eq!(Offer::read(&extension("deflate")), Err(ParamError::Extension("deflate".to_owned())));
}

#[test]
fn faults_are_said_in_words() {
    let words = |params: &str| offer(params).unwrap_err().to_string();
    assert_eq!(words("; x=1"), "the parameter \"x\" is not defined");
    assert_eq!(words("; server_max_window_bits"), "the parameter server_max_window_bits has no value");
    assert_eq!(words("; server_no_context_takeover=1"), "the parameter server_no_context_takeover takes no value");
    assert_eq!(
        words("; client_max_window_bits=16"),
        "the value \"16\" of the parameter client_max_window_bits is not a number from 8 to 15"
    );
    assert_eq!(
        words("; client_max_window_bits; client_max_window_bits"),
        "the parameter client_max_window_bits comes twice"
    );
    assert_eq!(Offer::read(&extension("x")).unwrap_err().to_string(), "\"x\" is not permessage-deflate");
}

/// Sections 7.1.1 and 7.1.2: what nobody limits is 15 bits with takeover.
#[test]
fn each_direction_has_its_own_parameters() {
    let agreed = response("").unwrap();
    assert_eq!((agreed.direction(Role::Client), agreed.direction(Role::Server)), (takeover(15), takeover(15)));
    let agreed = response("; server_no_context_takeover; client_max_window_bits=9").unwrap();
    assert_eq!((agreed.direction(Role::Client), agreed.direction(Role::Server)), (takeover(9), no_takeover(15)));
    let agreed = response("; client_no_context_takeover; server_max_window_bits=8").unwrap();
    assert_eq!((agreed.direction(Role::Client), agreed.direction(Role::Server)), (no_takeover(15), takeover(8)));
    assert_eq!(takeover(8), Direction { context_takeover: true, window_bits: 8 });
}

fn windows() -> impl Strategy<Value = Option<u8>> {
    option::of(8u8..=15)
}

proptest! {
    #[test]
    fn offers_read_back_as_they_were_written(
        server_no_context_takeover: bool, client_no_context_takeover: bool, server_max_window_bits in windows(),
        client in option::of(windows()),
    ) {
        let client_max_window_bits = match client {
            None => ClientWindow::Fixed,
            Some(None) => ClientWindow::Limitable,
            Some(Some(bits)) => ClientWindow::AtMost(bits),
        };
        let offer = Offer {
            server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_max_window_bits,
        };
        prop_assert_eq!(Offer::read(&extension(&Extension::from(offer).to_string())), Ok(offer));
    }

    #[test]
    fn responses_read_back_as_they_were_written(
        server_no_context_takeover: bool, client_no_context_takeover: bool, server_max_window_bits in windows(),
        client_max_window_bits in windows(),
    ) {
        let agreed = Agreed {
            server_no_context_takeover, client_no_context_takeover, server_max_window_bits, client_max_window_bits,
        };
        prop_assert_eq!(Agreed::parse(&extension(&Extension::from(agreed).to_string())), Ok(agreed));
    }
}
