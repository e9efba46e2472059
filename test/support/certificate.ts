// A key pair for tests alone, trusted by nobody: TLS needs one, and making it in each run needs a tool outside Node.
// Made by: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
//   -addext subjectAltName=DNS:localhost,IP:127.0.0.1

export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHfFxSSTmW/kKHpkZ
TPDJsMjsj8bTnUahiD8GTepg7pShRANCAAQROmTvVVf0EtEDK+8I0RgrZtCsgT6q
9GYmIYjW8iDCibAdEEn9MKkeIDjCMqYbi4f0/CBLJtxAidJ0NgefxE1Q
-----END PRIVATE KEY-----
`;

export const cert = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUDgj9K2zSYVSTLaq5KL57Hj7u7y8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzEwMDcwMVoYDzIxMjYxMDMw
MTAwNzAxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQROmTvVVf0EtEDK+8I0RgrZtCsgT6q9GYmIYjW8iDCibAdEEn9MKke
IDjCMqYbi4f0/CBLJtxAidJ0NgefxE1Qo28wbTAdBgNVHQ4EFgQUA5HWuM6qjREW
we8X6+Vi63pwHacwHwYDVR0jBBgwFoAUA5HWuM6qjREWwe8X6+Vi63pwHacwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgE+mK2Q6b1th4ybpYi+1fPVUco6AGR6WC4Dp2cB33+dgCIQCB
LqZiR5d7I2lva43UYAzOcwt7NcVv+D6RJurJaExbnw==
-----END CERTIFICATE-----
`;
