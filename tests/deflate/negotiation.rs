//! RFC 7692, sections 5 and 7: which offers are accepted, and which responses.

use proptest::option;
use proptest::prelude::*;
use wslab::proto::Role;
use wslab::proto::deflate::{Agreed, Config, ParamError, ResponseFault};
use wslab::proto::opening::Extension;

use crate::extensions;

/// What a server that wants this answers.
fn answers(config: Config, offers: &str) -> Option<String> {
    config.answer(&extensions(offers)).map(|agreed| Extension::from(agreed).to_string())
}

/// What a server answers that limits nothing.
fn generous(offers: &str) -> Option<String> {
    answers(Config::with_takeover(), offers)
}

/// What a client that offered this makes of a response.
fn reads(offered: &str, response: &str) -> Result<Option<Agreed>, ResponseFault> {
    Agreed::read(&extensions(response), &extensions(offered))
}

#[test]
fn a_server_accepts_the_first_offer_that_is_valid() {
    assert_eq!(generous("permessage-deflate").unwrap(), "permessage-deflate");
    assert_eq!(
        generous(
            "permessage-deflate; x, permessage-bzip2, permessage-deflate; server_max_window_bits=10, permessage-deflate"
        )
        .unwrap(),
        "permessage-deflate; server_max_window_bits=10"
    );
    assert_eq!(
        generous("permessage-deflate; server_max_window_bits=7, permessage-deflate").unwrap(),
        "permessage-deflate"
    );
    assert_eq!(generous("x-webkit-deflate-frame, permessage-deflate; client_max_window_bits=16"), None);
    assert_eq!(Config::default().answer(&[]), None);
}

#[test]
fn a_server_agrees_to_what_is_asked_of_it() {
    assert_eq!(
        generous("permessage-deflate; server_no_context_takeover").unwrap(),
        "permessage-deflate; server_no_context_takeover"
    );
    for bits in 8..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        assert_eq!(generous(&offer).unwrap(), offer);
    }
}

/// Section 7.1.1.2: a hint, which the server confirms so that it can count on it.
#[test]
fn a_server_agrees_that_the_client_takes_nothing_over() {
    assert_eq!(
        generous("permessage-deflate; client_no_context_takeover").unwrap(),
        "permessage-deflate; client_no_context_takeover"
    );
}

#[test]
fn a_server_limits_what_it_may_limit() {
    let config =
        Config { server_takeover: false, server_window_bits: 12, client_window_bits: 11, ..Config::with_takeover() };
    assert_eq!(
        answers(config, "permessage-deflate").unwrap(),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12"
    );
    assert_eq!(
        answers(config, "permessage-deflate; client_max_window_bits; server_max_window_bits=13").unwrap(),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=11"
    );
    assert_eq!(
        answers(config, "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10").unwrap(),
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9"
    );
}

#[test]
fn by_default_nothing_is_taken_over() {
    assert_eq!(
        answers(Config::default(), "permessage-deflate; client_max_window_bits").unwrap(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    );
}

#[test]
fn a_client_offers_what_it_wants() {
    let offers = |config: Config| Extension::from(config.offer()).to_string();
    assert_eq!(offers(Config::with_takeover()), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        offers(Config { server_window_bits: 10, client_window_bits: 9, ..Config::default() }),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; \
         client_max_window_bits=9"
    );
    assert_eq!(
        offers(Config { server_window_bits: 99, client_window_bits: 0, ..Config::with_takeover() }),
        "permessage-deflate; client_max_window_bits=8"
    );
}

#[test]
fn a_client_goes_without_compression_if_the_response_says_nothing_of_it() {
    assert_eq!(Agreed::read(&[], &extensions("permessage-deflate")), Ok(None));
    assert_eq!(reads("permessage-deflate, x", "x"), Ok(None));
}

/// Sections 7.1.1.1, 7.1.1.2 and 7.1.2.1: what the server may say unasked.
#[test]
fn a_client_accepts_what_a_server_may_add() {
    for added in [
        "",
        "; server_no_context_takeover",
        "; client_no_context_takeover",
        "; server_max_window_bits=8",
        "; server_max_window_bits=15",
    ] {
        let read = reads("permessage-deflate", &format!("permessage-deflate{added}"));
        assert!(matches!(read, Ok(Some(_))), "{added}: {read:?}");
    }
}

#[test]
fn a_client_refuses_what_it_did_not_offer() {
    for (offered, response) in [
        // Section 7.1.1.1: asked for and not granted.
        ("; server_no_context_takeover", ""),
        // Section 7.1.2.1: not granted, or larger than asked for.
        ("; server_max_window_bits=10", ""),
        ("; server_max_window_bits=10", "; server_max_window_bits=11"),
        // Section 7.1.2.2: not offered.
        ("", "; client_max_window_bits=15"),
        // An offer that had to be declined.
        ("; x", ""),
    ] {
        let read = reads(&format!("permessage-deflate{offered}"), &format!("permessage-deflate{response}"));
        assert!(matches!(read, Err(ResponseFault::Unoffered(_))), "{offered} and {response}: {read:?}");
    }
}

#[test]
fn a_client_accepts_smaller_windows_than_it_offered() {
    for (offered, response) in [
        ("; server_max_window_bits=10", "; server_max_window_bits=10"),
        ("; server_max_window_bits=10", "; server_max_window_bits=8"),
        ("; client_max_window_bits", "; client_max_window_bits=8"),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=10", "; client_max_window_bits=9"),
        // Section 7.1.2.2: the value of the offer is a hint.
        ("; client_max_window_bits=10", "; client_max_window_bits=11"),
        // Without a limit the window is of 15 bits.
        ("; server_max_window_bits=15", ""),
        ("; client_max_window_bits=10", ""),
    ] {
        let read = reads(&format!("permessage-deflate{offered}"), &format!("permessage-deflate{response}"));
        assert!(matches!(read, Ok(Some(_))), "{offered} and {response}: {read:?}");
    }
}

#[test]
fn a_response_may_answer_any_of_several_offers() {
    let offered = "permessage-deflate; server_max_window_bits=10, permessage-deflate";
    assert!(reads(offered, "permessage-deflate").unwrap().is_some());
    assert!(reads(offered, "permessage-deflate; server_max_window_bits=15").unwrap().is_some());
}

#[test]
fn a_response_is_invalid_whatever_was_offered() {
    let fault = |response: &str| reads("permessage-deflate; client_max_window_bits", response).unwrap_err();
    assert_eq!(fault("permessage-deflate; x"), ResponseFault::Invalid(ParamError::Unknown("x".to_owned())));
    assert_eq!(fault("permessage-deflate, permessage-deflate"), ResponseFault::Twice);
    assert_eq!(fault("permessage-deflate, permessage-deflate").to_string(), "permessage-deflate is agreed on twice");
    assert_eq!(
        reads("permessage-deflate", "permessage-deflate; client_max_window_bits=9").unwrap_err().to_string(),
        "\"permessage-deflate; client_max_window_bits=9\" is no answer to what was offered"
    );
}

fn configs() -> impl Strategy<Value = Config> {
    (any::<[bool; 2]>(), any::<[u8; 2]>(), 8u8..=15, 8u8..=15).prop_map(|(takeover, wild, server, client)| Config {
        server_takeover: takeover[0],
        client_takeover: takeover[1],
        server_window_bits: if wild[0] < 32 { wild[0] } else { server },
        client_window_bits: if wild[1] < 32 { wild[1] } else { client },
        ..Config::default()
    })
}

proptest! {
    /// Whatever two ends want, they agree, and each gets what it asked for.
    #[test]
    fn what_a_server_answers_a_client_accepts(client in configs(), server in configs(), more in option::of(configs())) {
        let mut offers = vec![client.offer().into()];
        offers.extend(more.map(|config| Extension::from(config.offer())));
        let agreed = server.answer(&offers).unwrap();
        prop_assert_eq!(Agreed::read(&[agreed.into()], &offers), Ok(Some(agreed)));
        for role in [Role::Client, Role::Server] {
            let (wanted, allowed) = match role {
                Role::Client => (client.client_takeover, server.client_takeover),
                Role::Server => (client.server_takeover, server.server_takeover),
            };
            prop_assert_eq!(agreed.direction(role).context_takeover, wanted && allowed);
        }
        let limit = client.server_window_bits.min(server.server_window_bits).clamp(8, 15);
        prop_assert_eq!(agreed.direction(Role::Server).window_bits, limit);
        let limit = client.client_window_bits.min(server.client_window_bits).clamp(8, 15);
        prop_assert_eq!(agreed.direction(Role::Client).window_bits, limit);
    }
}
