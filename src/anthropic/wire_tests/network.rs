//! Which machines are reached and how: policy, proxy, redirects, TLS.

use super::*;

#[tokio::test]
async fn a_sandbox_key_for_another_machine_is_refused_without_a_connection() {
    // The proxy is where a request to another machine would show up.
    let proxy = Silent::new();
    let mut options = options(&Url::parse("https://api.anthropic.com").unwrap());
    options.network = NetworkPolicy::Any;
    options.proxy.https_proxy = Some(Secret::new(format!("http://{}", proxy.address())));
    let client = Client::new(options).unwrap();
    for error in [
        client.list_models(&key(), 1).await.unwrap_err(),
        client.stream_message(&key(), &hello()).await.unwrap_err(),
        client.create_message(&key(), &hello()).await.unwrap_err(),
        client.count_tokens(&key(), &hello()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::SandboxCredential { host } if host == "api.anthropic.com"));
    }
    proxy.assert_untouched();
}

#[tokio::test]
async fn another_machine_is_reached_through_the_proxy_only() {
    let (proxy, server) = reply("HTTP/1.1 407 No\r\n\r\n").await;
    let mut options = options(&Url::parse("https://api.example.invalid").unwrap());
    options.network = NetworkPolicy::Any;
    let with_password = proxy.as_str().replace("http://", "http://me:hunter2@");
    options.proxy.https_proxy = Some(Secret::new(with_password));
    let plain = Authorization::ApiKey(Secret::new("FAKE"));
    let error = Client::new(options).unwrap().list_models(&plain, 1).await.unwrap_err();
    let request = server.await.unwrap();
    assert!(request.starts_with("CONNECT api.example.invalid:443 HTTP/1.1\r\n"), "{request}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("cannot connect to api.example.invalid (HTTPS proxy 127.0.0.1:"), "{shown}");
    assert!(shown.contains("proxy authorization required"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_policy_and_plain_http_are_settled_before_a_client_exists() {
    let refused = Client::new(options(&Url::parse("https://api.anthropic.com").unwrap())).unwrap_err();
    assert!(matches!(refused, Error::RefusedHost { .. }));
    let mut options = options(&Url::parse("http://api.anthropic.com").unwrap());
    options.network = NetworkPolicy::Any;
    assert!(matches!(Client::new(options).unwrap_err(), Error::InsecureBaseUrl { .. }));
}

#[tokio::test]
async fn this_machine_is_reached_directly_and_by_name() {
    let proxy = Silent::new();
    let (mut url, server) = reply(json("200 OK", "", r#"{"data":[{"id":"m"}]}"#)).await;
    url.set_host(Some("localhost")).unwrap();
    let mut options = options(&url);
    options.proxy.https_proxy = Some(Secret::new(format!("http://{}", proxy.address())));
    let page = Client::new(options).unwrap().list_models(&key(), 5).await.unwrap();
    assert_eq!(page.value.data[0].id, "m");
    server.await.unwrap();
    proxy.assert_untouched();
}

#[tokio::test]
async fn a_redirect_is_an_error_and_not_followed() {
    let target = Silent::new();
    let location = format!("location: http://{}/v1/models\r\n", target.address());
    let (url, _server) = reply(json("307 Temporary Redirect", &location, "")).await;
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 307);
    assert_eq!(error.to_string(), "HTTP 307 Temporary Redirect");
    target.assert_untouched();
}

#[tokio::test]
async fn a_failed_connection_says_the_host_and_what_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse(&format!("http://{address}")).unwrap();
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {address}: connection refused"));
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let _server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        tokio::time::sleep(LONG).await;
    });
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(&error, Error::Connect { reason, .. } if reason.starts_with("TLS failed: ")), "{error}");
}

/// Answers one TLS connection, which must agree on the protocol `offered`, with these bytes.
fn tls_server(offered: &str, reply: String) -> (Url, std::thread::JoinHandle<std::io::Result<String>>) {
    use std::io::{Read as _, Write as _};

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("../../../tests/fixtures/tls/localhost.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../tests/fixtures/tls/localhost.key"));
    let mut config =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.unwrap()], key.unwrap())
            .unwrap();
    config.alpn_protocols = vec![offered.as_bytes().to_vec()];
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
    let server = std::thread::spawn(move || {
        let session = rustls::ServerConnection::new(config.into()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, listener.accept()?.0);
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        stream.write_all(reply.as_bytes())?;
        Ok(String::from_utf8_lossy(&request[..read]).into_owned())
    });
    (url, server)
}

#[tokio::test]
async fn an_authority_of_the_options_is_trusted_and_no_other() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let (url, server) = tls_server("http/1.1", json("200 OK", "", r#"{"data":[{"id":"m"}]}"#));
    let mut trusting = options(&url);
    trusting.trust.ssl_cert_file = Some(authority.into());
    let page = Client::new(trusting.clone()).unwrap().list_models(&key(), 1).await.unwrap();
    assert_eq!(page.value.data[0].id, "m");
    assert!(server.join().unwrap().unwrap().starts_with("GET /v1/models?limit=1 HTTP/1.1\r\n"));

    let (url, _server) = tls_server("http/1.1", String::new());
    trusting.base_url = url;
    trusting.trust.ssl_cert_file = Some("/dev/null".into());
    let error = Client::new(trusting).unwrap().list_models(&key(), 1).await.unwrap_err();
    assert!(error.to_string().ends_with("TLS failed: invalid peer certificate: UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn http_2_is_offered_and_spoken() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let (url, server) = tls_server("h2", String::new());
    let mut options = options(&url);
    options.trust.ssl_cert_file = Some(authority.into());
    // The server hangs up after the first bytes, which are enough to know the protocol.
    let error = Client::new(options).unwrap().list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(error, Error::Cut { .. } | Error::Connect { .. }), "{error}");
    assert!(server.join().unwrap().unwrap().starts_with("PRI * HTTP/2.0\r\n"));
}
