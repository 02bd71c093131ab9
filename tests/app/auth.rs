//! Tokens (RFC 7519).

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hex_literal::hex;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, PublicKeyData as _};
use serde_json::{Value, json};
use wslab::app::auth::{Auth, AuthConfig, MAX_TOKEN, NoKey, PublicKey, SecretKey, TokenError, User};

const SECRET: &[u8] = b"thirty-two bytes, and then a few";
const NOW: u64 = 1_700_000_000;

fn now() -> SystemTime {
    at(NOW as f64)
}

fn at(seconds: f64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
}

fn with_secret(config: AuthConfig) -> Auth {
    Auth::new(AuthConfig { secret: Some(SecretKey::new(SECRET).unwrap()), ..config }).unwrap()
}

fn with_public_key(pem: &str) -> Auth {
    Auth::new(AuthConfig { public_key: Some(PublicKey::new(pem).unwrap()), ..AuthConfig::default() }).unwrap()
}

/// Signed with the secret, by HS256.
fn signed(claims: &Value) -> String {
    signed_by(Algorithm::HS256, &EncodingKey::from_secret(SECRET), claims)
}

fn signed_by(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, key).unwrap()
}

/// Header and claims as they are, signed with the secret.
fn raw(header: &str, claims: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = EncodingKey::from_secret(SECRET);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({"sub": "7", "exp": NOW + 60})
}

/// The claims, but with these instead.
fn claims_with(others: Value) -> Value {
    let mut claims = claims();
    for (name, value) in others.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// What becomes of the claims with these instead.
fn judged(others: Value) -> Result<User, TokenError> {
    with_secret(AuthConfig::default()).verify_at(&signed(&claims_with(others)), now())
}

fn refused(auth: &Auth, token: &str) -> TokenError {
    auth.verify_at(token, now()).expect_err("the token is not good")
}

/// Key pairs, which take long to make.
static RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap());
static EC: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
static ED: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ED25519).unwrap());

fn rsa() -> EncodingKey {
    EncodingKey::from_rsa_pem(RSA.serialize_pem().as_bytes()).unwrap()
}

fn ec() -> EncodingKey {
    EncodingKey::from_ec_pem(EC.serialize_pem().as_bytes()).unwrap()
}

fn ed() -> EncodingKey {
    EncodingKey::from_ed_pem(ED.serialize_pem().as_bytes()).unwrap()
}

#[test]
fn a_good_token_says_who_it_is() {
    let user = judged(json!({"username": "Ada", "permissions": ["join", "chat"]})).unwrap();
    let permissions = vec!["join".to_owned(), "chat".to_owned()];
    assert_eq!(
        user,
        User { id: "7".into(), name: Some("Ada".into()), permissions, expires: Some(at(NOW as f64 + 60.)) }
    );
    assert!(user.may("join") && user.may("chat"));
    assert!(!user.may("subscribe") && !user.may("Join") && !user.may("joi") && !user.may(""));
}

#[test]
fn the_clock_of_the_system_counts() {
    let auth = with_secret(AuthConfig::default());
    assert_eq!(auth.verify(&signed(&claims())).unwrap_err(), TokenError::Expired);
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    auth.verify(&signed(&json!({"sub": "7", "exp": today + 3600}))).unwrap();
}

#[test]
fn every_algorithm_of_a_key_is_good() {
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let token = signed_by(algorithm, &EncodingKey::from_secret(SECRET), &claims());
        with_secret(AuthConfig::default()).verify_at(&token, now()).unwrap();
    }
    for algorithm in [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] {
        let token = signed_by(algorithm, &rsa(), &claims());
        with_public_key(&RSA.public_key_pem()).verify_at(&token, now()).unwrap();
    }
    let token = signed_by(Algorithm::ES256, &ec(), &claims());
    with_public_key(&EC.public_key_pem()).verify_at(&token, now()).unwrap();
    let token = signed_by(Algorithm::EdDSA, &ed(), &claims());
    with_public_key(&ED.public_key_pem()).verify_at(&token, now()).unwrap();
}

/// RFC 7515, appendices A.1 and A.3: what others signed.
#[test]
fn the_examples_of_the_rfc_are_signed_well() {
    let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let binary = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let secret = binary("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    let hs256 = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let spki = hex!("3059 3013 06072a8648ce3d0201 06082a8648ce3d030107 0342 00 04").to_vec();
    let x = binary("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    let y = binary("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    let body = STANDARD.encode([spki, x, y].concat());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let es256 = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    let auth = Auth::new(AuthConfig {
        secret: Some(SecretKey::new(&secret).unwrap()),
        public_key: Some(PublicKey::new(&pem).unwrap()),
        ..AuthConfig::default()
    });
    let auth = auth.unwrap();
    for (header, signature) in [("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", hs256), ("eyJhbGciOiJFUzI1NiJ9", es256)] {
        let token = format!("{header}.{claims}.{signature}");
        // They end in 2011, and say of nobody who it is: but they are signed.
        assert_eq!(auth.verify_at(&token, at(1_300_819_379.)).unwrap_err(), TokenError::NoSubject);
        assert_eq!(auth.verify_at(&token, at(1_300_819_380.)).unwrap_err(), TokenError::Expired);
    }
}

#[test]
fn both_keys_may_be_there_and_each_has_its_own_algorithms() {
    let auth = Auth::new(AuthConfig {
        secret: Some(SecretKey::new(SECRET).unwrap()),
        public_key: Some(PublicKey::new(&EC.public_key_pem()).unwrap()),
        ..AuthConfig::default()
    });
    let auth = auth.unwrap();
    auth.verify_at(&signed(&claims()), now()).unwrap();
    auth.verify_at(&signed_by(Algorithm::ES256, &ec(), &claims()), now()).unwrap();
    assert_eq!(refused(&auth, &signed_by(Algorithm::EdDSA, &ed(), &claims())), TokenError::Algorithm);
}

#[test]
fn without_a_key_there_is_nothing_to_check_with() {
    assert_eq!(Auth::new(AuthConfig::default()).unwrap_err(), NoKey);
}

/// RFC 8725, section 2.1: whoever has the public key must not be able to make tokens with it.
#[test]
fn a_public_key_is_never_a_shared_secret() {
    for pair in [&*RSA, &*EC, &*ED] {
        let auth = with_public_key(&pair.public_key_pem());
        let pem = pair.public_key_pem();
        for secret in
            [pem.as_bytes(), pem.trim_end().as_bytes(), pair.public_key_raw(), &pair.subject_public_key_info()]
        {
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let token = signed_by(algorithm, &EncodingKey::from_secret(secret), &claims());
                assert_eq!(refused(&auth, &token), TokenError::Algorithm);
            }
        }
    }
}

#[test]
fn the_algorithm_of_another_kind_of_key_is_not_allowed() {
    let tokens = [
        signed(&claims()),
        signed_by(Algorithm::RS256, &rsa(), &claims()),
        signed_by(Algorithm::ES256, &ec(), &claims()),
        signed_by(Algorithm::EdDSA, &ed(), &claims()),
    ];
    let auths = [
        with_secret(AuthConfig::default()),
        with_public_key(&RSA.public_key_pem()),
        with_public_key(&EC.public_key_pem()),
        with_public_key(&ED.public_key_pem()),
    ];
    for (one, auth) in auths.iter().enumerate() {
        for (other, token) in tokens.iter().enumerate() {
            let expected = if one == other { None } else { Some(TokenError::Algorithm) };
            assert_eq!(auth.verify_at(token, now()).err(), expected, "key {one}, token {other}");
        }
    }
}

#[test]
fn an_unsigned_token_is_never_good() {
    for auth in [with_secret(AuthConfig::default()), with_public_key(&EC.public_key_pem())] {
        for none in ["none", "None", "NONE", "nOnE", "", "HS1", "hs256", "ES384", "PS256"] {
            let header = format!(r#"{{"alg":"{none}","typ":"JWT"}}"#);
            let token = raw(&header, &claims().to_string());
            let unsigned = &token[..=token.rfind('.').unwrap()];
            assert_eq!(refused(&auth, &token), TokenError::Algorithm, "{none}");
            assert_eq!(refused(&auth, unsigned), TokenError::Algorithm, "{none}");
        }
    }
    let token = signed(&claims());
    let unsigned = &token[..=token.rfind('.').unwrap()];
    assert_eq!(refused(&with_secret(AuthConfig::default()), unsigned), TokenError::Signature);
}

#[test]
fn a_token_brings_no_key_of_its_own() {
    let (other, auth) = (KeyPair::generate_for(&PKCS_ED25519).unwrap(), with_public_key(&ED.public_key_pem()));
    let x = URL_SAFE_NO_PAD.encode(other.public_key_raw());
    let header = json!({"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x}}).to_string();
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims().to_string()));
    let key = EncodingKey::from_ed_pem(other.serialize_pem().as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    assert_eq!(refused(&auth, &format!("{message}.{signature}")), TokenError::Signature);
}

#[test]
fn another_key_signs_nothing() {
    let key = EncodingKey::from_secret(b"another secret of more than thirty-two bytes");
    let token = signed_by(Algorithm::HS256, &key, &claims());
    assert_eq!(refused(&with_secret(AuthConfig::default()), &token), TokenError::Signature);
    for (kind, algorithm) in [(&PKCS_RSA_SHA256, Algorithm::RS256), (&PKCS_ECDSA_P256_SHA256, Algorithm::ES256)] {
        let auth = with_public_key(&KeyPair::generate_for(kind).unwrap().public_key_pem());
        let key = if algorithm == Algorithm::RS256 { rsa() } else { ec() };
        assert_eq!(refused(&auth, &signed_by(algorithm, &key, &claims())), TokenError::Signature);
    }
}

#[test]
fn a_changed_token_is_refused_before_its_claims_are_read() {
    let auth = with_secret(AuthConfig::default());
    let token = signed(&claims());
    let parts: Vec<_> = token.split('.').collect();
    for claims in [json!({"sub": "8", "exp": NOW + 60}), json!({"sub": "7", "exp": 1}), json!("nothing")] {
        let changed = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
        assert_eq!(refused(&auth, &changed), TokenError::Signature);
    }
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    assert_eq!(refused(&auth, &format!("{header}.{}.{}", parts[1], parts[2])), TokenError::Signature);
}

/// RFC 7515, section 4.1.11.
#[test]
fn what_has_to_be_understood_and_is_not_refuses() {
    let token = raw(r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, &claims().to_string());
    assert_eq!(refused(&with_secret(AuthConfig::default()), &token), TokenError::Critical);
}

#[test]
fn what_is_no_token_is_malformed() {
    let auth = with_secret(AuthConfig::default());
    let good = signed(&claims());
    for wrong in ["", ".", "..", "...", "a.b.c", "{}", "e30.e30", "Bearer x.y.z", &format!("{good}.x"), &good[1..]] {
        assert_eq!(refused(&auth, wrong), TokenError::Malformed, "{wrong}");
    }
    for wrong in ["", "[]", "7", "{", r#"{"typ":"JWT"}"#, r#"{"alg":7}"#, r#"{"alg":"HS256","alg":"none"}"#] {
        assert_eq!(refused(&auth, &raw(wrong, "{}")), TokenError::Malformed, "header {wrong}");
    }
    let header = r#"{"alg":"HS256"}"#;
    let deep = "[".repeat(5000);
    for wrong in ["", "7", "{", "null", r#"{"sub":"7","sub":"8"}"#, &format!(r#"{{"sub":{deep}"#)] {
        assert_eq!(refused(&auth, &raw(header, wrong)), TokenError::Malformed, "claims {wrong}");
    }
}

#[test]
fn a_token_has_a_largest_length() {
    let auth = with_secret(AuthConfig::default());
    assert_eq!(refused(&auth, &"x".repeat(MAX_TOKEN)), TokenError::Malformed);
    assert_eq!(refused(&auth, &"x".repeat(MAX_TOKEN + 1)), TokenError::TooLong);
    // Not even a good one.
    assert_eq!(refused(&auth, &signed(&claims_with(json!({"more": "x".repeat(MAX_TOKEN)})))), TokenError::TooLong);
}

/// RFC 7519, section 4.1.4: on the time or after it.
#[test]
fn a_token_is_good_until_its_end_and_not_at_it() {
    let auth = with_secret(AuthConfig::default());
    let token = signed(&claims());
    auth.verify_at(&token, at(NOW as f64 + 59.999)).unwrap();
    assert_eq!(auth.verify_at(&token, at(NOW as f64 + 60.)).unwrap_err(), TokenError::Expired);
    // Section 2: a date may have a fraction.
    let token = signed(&claims_with(json!({"exp": NOW as f64 + 60.5})));
    auth.verify_at(&token, at(NOW as f64 + 60.4)).unwrap();
    assert_eq!(auth.verify_at(&token, at(NOW as f64 + 60.5)).unwrap_err(), TokenError::Expired);
    assert_eq!(judged(json!({"exp": 0})), Err(TokenError::Expired));
    assert_eq!(judged(json!({"exp": -5})), Err(TokenError::Expired));
}

#[test]
fn a_token_needs_an_end() {
    assert_eq!(judged(json!({"exp": null})), Err(TokenError::NoExpiry));
    let token = signed(&json!({"sub": "7"}));
    assert_eq!(refused(&with_secret(AuthConfig::default()), &token), TokenError::NoExpiry);
    for wrong in [json!("1700000060"), json!({}), json!([NOW + 60]), json!(true), json!(1e300), json!(u64::MAX)] {
        assert_eq!(judged(json!({"exp": wrong})), Err(TokenError::Claim("exp")), "{wrong}");
    }
}

#[test]
fn a_token_is_not_good_before_its_beginning() {
    assert_eq!(judged(json!({"nbf": NOW + 1})), Err(TokenError::NotYetValid));
    assert_eq!(judged(json!({"nbf": NOW as f64 + 0.5})), Err(TokenError::NotYetValid));
    judged(json!({"nbf": NOW})).unwrap();
    judged(json!({"nbf": null})).unwrap();
    assert_eq!(judged(json!({"nbf": "now"})), Err(TokenError::Claim("nbf")));
}

#[test]
fn leeway_counts_at_both_ends_and_moves_the_end() {
    let auth = with_secret(AuthConfig { leeway: Duration::from_secs(5), ..AuthConfig::default() });
    let token = signed(&claims_with(json!({"nbf": NOW})));
    let user = auth.verify_at(&token, at(NOW as f64 - 5.)).unwrap();
    assert_eq!(user.expires, Some(at(NOW as f64 + 65.)));
    assert_eq!(auth.verify_at(&token, at(NOW as f64 - 5.1)).unwrap_err(), TokenError::NotYetValid);
    auth.verify_at(&token, at(NOW as f64 + 64.9)).unwrap();
    assert_eq!(auth.verify_at(&token, at(NOW as f64 + 65.)).unwrap_err(), TokenError::Expired);
}

#[test]
fn a_token_is_for_its_audience_alone() {
    let auth = with_secret(AuthConfig { audience: Some("chat".into()), ..AuthConfig::default() });
    for good in [json!("chat"), json!(["chat"]), json!(["other", "chat"])] {
        auth.verify_at(&signed(&claims_with(json!({"aud": good}))), now()).unwrap();
    }
    for wrong in [json!("other"), json!("Chat"), json!("chat "), json!(""), json!(["other"]), json!([]), json!(null)] {
        let token = signed(&claims_with(json!({"aud": wrong})));
        assert_eq!(refused(&auth, &token), TokenError::Audience, "{wrong}");
    }
    assert_eq!(refused(&auth, &signed(&claims())), TokenError::Audience);
    assert_eq!(refused(&auth, &signed(&claims_with(json!({"aud": 7})))), TokenError::Claim("aud"));
    // Section 4.1.3: whoever does not find itself in there rejects.
    assert_eq!(judged(json!({"aud": "chat"})), Err(TokenError::AudienceUnset));
    judged(json!({"aud": []})).unwrap();
}

#[test]
fn a_token_is_from_its_issuer_alone() {
    let auth = with_secret(AuthConfig { issuer: Some("https://issuer.example".into()), ..AuthConfig::default() });
    auth.verify_at(&signed(&claims_with(json!({"iss": "https://issuer.example"}))), now()).unwrap();
    for wrong in [json!("https://issuer.example/"), json!("other"), json!(""), json!(null)] {
        assert_eq!(refused(&auth, &signed(&claims_with(json!({"iss": wrong})))), TokenError::Issuer, "{wrong}");
    }
    let token = signed(&claims_with(json!({"iss": ["https://issuer.example"]})));
    assert_eq!(refused(&auth, &token), TokenError::Claim("iss"));
    judged(json!({"iss": "anybody"})).unwrap();
}

#[test]
fn a_token_says_whom_it_is_about() {
    let id = |others| judged(others).map(|user| user.id);
    assert_eq!(id(json!({"userId": "8"})), Ok("7".into()));
    assert_eq!(id(json!({"sub": null, "userId": "8"})), Ok("8".into()));
    // Where the issuer counts his users.
    assert_eq!(id(json!({"sub": null, "userId": 8})), Ok("8".into()));
    assert_eq!(id(json!({"sub": 12_345_678_901_234_567_890_u64})), Ok("12345678901234567890".into()));
    assert_eq!(id(json!({"sub": null})), Err(TokenError::NoSubject));
    assert_eq!(id(json!({"sub": ""})), Err(TokenError::NoSubject));
    assert_eq!(id(json!({"sub": "", "userId": "8"})), Err(TokenError::NoSubject));
    assert_eq!(id(json!({"sub": ["7"]})), Err(TokenError::Claim("sub")));
    assert_eq!(id(json!({"sub": 7.5})), Err(TokenError::Claim("sub")));
    assert_eq!(id(json!({"sub": null, "userId": {}})), Err(TokenError::Claim("userId")));
}

#[test]
fn the_name_and_the_permissions_may_be_missing_but_not_be_something_else() {
    let user = judged(json!({})).unwrap();
    assert_eq!((user.name, user.permissions.len()), (None, 0));
    let name = |others| judged(others).map(|user| user.name);
    assert_eq!(name(json!({"name": "Ada L."})), Ok(Some("Ada L.".into())));
    assert_eq!(name(json!({"name": "Ada L.", "username": "ada"})), Ok(Some("ada".into())));
    assert_eq!(name(json!({"username": 7})), Err(TokenError::Claim("username")));
    assert_eq!(name(json!({"name": []})), Err(TokenError::Claim("name")));

    let permissions = |value: Value| judged(json!({"permissions": value})).map(|user| user.permissions.join(","));
    assert_eq!(permissions(json!(["join", "chat"])), Ok("join,chat".into()));
    assert_eq!(permissions(json!(" join  chat ")), Ok("join,chat".into()));
    assert_eq!(permissions(json!("")), Ok(String::new()));
    for wrong in [json!(7), json!({"join": true}), json!(["join", 7]), json!([["join"]])] {
        assert_eq!(permissions(wrong), Err(TokenError::Claim("permissions")));
    }
}

#[test]
fn errors_and_debug_show_neither_token_nor_key() {
    let auth = with_secret(AuthConfig { audience: Some("chat".into()), ..AuthConfig::default() });
    let token = signed(&claims());
    let error = refused(&auth, &token);
    let shown = format!("{auth:?} {error:?} {error}");
    assert!(!shown.contains("thirty-two") && !shown.contains("eyJ") && !shown.contains("116, 104"), "{shown}");
}

#[test]
fn errors_are_for_people() {
    let all = [
        TokenError::TooLong,
        TokenError::Malformed,
        TokenError::Algorithm,
        TokenError::Critical,
        TokenError::Signature,
        TokenError::NoExpiry,
        TokenError::Expired,
        TokenError::NotYetValid,
        TokenError::Audience,
        TokenError::AudienceUnset,
        TokenError::Issuer,
        TokenError::NoSubject,
        TokenError::Claim("exp"),
    ];
    insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"), @r"
    the token is longer than 16 KiB
    this is no JSON Web Token
    the token is signed by an algorithm that no key here is for, or not at all
    the token asks for an extension to be understood (crit) that is not known here
    the signature of the token is wrong: it was changed, or signed with another key
    the token has no end: it needs the claim exp
    the token has expired
    the token is not yet valid: either it is for later, or a clock is wrong
    the token is for another audience
    the token is for a certain audience (claim aud), and none is set here
    the token is from another issuer
    the token says not who the user is: it needs the claim sub or userId
    the claim exp of the token is not of its type
    ");
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(token in ".{0,200}|([A-Za-z0-9_-]{0,40}\\.){0,4}[A-Za-z0-9_-]{0,40}") {
        prop_assert!(with_secret(AuthConfig::default()).verify_at(&token, now()).is_err());
    }

    #[test]
    fn any_claims_are_judged_without_panic(
        sub in any_json(), exp in any_json(), nbf in any_json(), aud in any_json(), permissions in any_json(),
    ) {
        let claims = json!({"sub": sub, "exp": exp, "nbf": nbf, "aud": aud, "permissions": permissions});
        let auth = with_secret(AuthConfig { leeway: Duration::MAX, ..AuthConfig::default() });
        let _judged = auth.verify_at(&signed(&claims), now());
        let _judged = with_secret(AuthConfig::default()).verify_at(&signed(&claims), now());
    }

    /// Any change of a single character makes it bad.
    #[test]
    fn no_character_may_change(at in any::<prop::sample::Index>(), by in "[A-Za-z0-9_.-]") {
        let token = signed(&claims_with(json!({"permissions": ["join"]})));
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != by);
        let changed = format!("{}{by}{}", &token[..at], &token[at + 1..]);
        prop_assert!(with_secret(AuthConfig::default()).verify_at(&changed, now()).is_err());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..2 * NOW).prop_map(Value::from),
        ".{0,10}".prop_map(Value::from),
        prop::collection::vec("[a-z]{0,5}", 0..3).prop_map(Value::from),
    ]
}
