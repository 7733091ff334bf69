#include "core/http/tls_context.h"

#include <arpa/inet.h>

#include <algorithm>
#include <vector>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace drover::http {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// What a context's checks of client certificates need: lives as long as the context, which
// connections may hold longer than its source does.
struct ClientPolicy {
  bool verify = false;
  std::vector<std::string> allowed_sans;
};

tl::unexpected<Error> FailOpenSsl(const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return Fail(ErrorCode::kInvalid, what + ": " + (reason != nullptr ? reason : "unreadable"));
}

Bio Reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

int NoPassphrase(char*, int, int, void*) { return -1; }

Result<std::vector<Certificate>> ReadCertificates(const std::string& pem, const std::string& what) {
  std::vector<Certificate> out;
  const Bio bio = Reader(pem);
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr))
    out.emplace_back(one);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) return FailOpenSsl(what);
  ERR_clear_error();
  if (out.empty()) return Fail(ErrorCode::kInvalid, what + ": no PEM certificate in it");
  return out;
}

std::string SanText(const GENERAL_NAME& name) {
  int type = 0;
  const void* value = GENERAL_NAME_get0_value(&name, &type);
  const auto* text = static_cast<const ASN1_STRING*>(value);
  if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI)
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
  if (type == GEN_IPADD) {
    char buffer[INET6_ADDRSTRLEN] = {};
    const int family = ASN1_STRING_length(text) == 4    ? AF_INET
                       : ASN1_STRING_length(text) == 16 ? AF_INET6
                                                        : -1;
    if (family >= 0 &&
        ::inet_ntop(family, ASN1_STRING_get0_data(text), buffer, sizeof buffer) != nullptr)
      return buffer;
  }
  return {};
}

bool HasAllowedSan(const X509* certificate, const std::vector<std::string>& allowed) {
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; ++i) {
    const std::string text = SanText(*sk_GENERAL_NAME_value(names, i));
    found = !text.empty() && std::find(allowed.begin(), allowed.end(), text) != allowed.end();
  }
  GENERAL_NAMES_free(names);
  return found;
}

int CheckClient(X509_STORE_CTX* store, void* argument) {
  const auto* policy = static_cast<const ClientPolicy*>(argument);
  if (policy->verify && X509_verify_cert(store) != 1) return 0;
  if (!policy->allowed_sans.empty() &&
      !HasAllowedSan(X509_STORE_CTX_get0_cert(store), policy->allowed_sans)) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

void FreePolicy(void*, void* policy, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<ClientPolicy*>(policy);
}

// OpenSSL numbers what may hang on its objects once per process.
int PolicyIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, FreePolicy);
  return index;
}

Status SetCertificate(SSL_CTX& context, const TlsMaterial& material) {
  DROVER_TRY(const auto chain, ReadCertificates(material.certificate, "certificate"));
  if (SSL_CTX_use_certificate(&context, chain.front().get()) != 1)
    return FailOpenSsl("certificate");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1)
      return FailOpenSsl("certificate chain");
  }
  const Bio bio = Reader(material.key);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (!key) return FailOpenSsl("key");
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1 || SSL_CTX_check_private_key(&context) != 1)
    return FailOpenSsl("key");
  return {};
}

Status SetClientAuth(SSL_CTX& context, const TlsServerConfig& config, const std::string& ca) {
  if (config.client_auth_type == ClientAuth::kNone) return {};
  const bool verify = config.client_auth_type == ClientAuth::kVerifyIfGiven ||
                      config.client_auth_type == ClientAuth::kRequireAndVerify;
  const bool require = config.client_auth_type == ClientAuth::kRequireAny ||
                       config.client_auth_type == ClientAuth::kRequireAndVerify;
  auto policy = std::make_unique<ClientPolicy>(ClientPolicy{verify, config.client_allowed_sans});
  SSL_CTX_set_cert_verify_callback(&context, CheckClient, policy.get());
  SSL_CTX_set_ex_data(&context, PolicyIndex(), policy.release());
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (require ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  // A resumed session would skip the check.
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(&context, 0);
  if (ca.empty()) {
    if (verify) SSL_CTX_set_default_verify_paths(&context);
    return {};
  }
  DROVER_TRY(const auto certificates, ReadCertificates(ca, "client CA"));
  for (const Certificate& one : certificates) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), one.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, one.get()) != 1)
      return FailOpenSsl("client CA");
  }
  return {};
}

int VersionNumber(TlsVersion version) {
  constexpr int kNumbers[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return kNumbers[static_cast<std::size_t>(version)];
}

Status SetCiphers(SSL_CTX& context, const TlsServerConfig& config) {
  TlsVersion lowest = config.min_version;
  std::string list;
  for (const CipherSuite& suite : config.cipher_suites) {
    if (suite.name.find("_WITH_") == std::string::npos) continue;  // TLS 1.3: always on
    const char* name = OPENSSL_cipher_name(suite.name.c_str());
    list += (list.empty() ? "" : ":") + std::string(name);
  }
  if (list.empty() && !config.cipher_suites.empty()) lowest = TlsVersion::kTls13;
  if (list.empty()) list = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES+SHA1";
  // OpenSSL speaks versions below 1.2 at its lowest level of security only.
  if (lowest < TlsVersion::kTls12) list += ":@SECLEVEL=0";
  if (SSL_CTX_set_cipher_list(&context, list.c_str()) != 1) return FailOpenSsl("cipher_suites");
  if (SSL_CTX_set_min_proto_version(&context, VersionNumber(lowest)) != 1 ||
      SSL_CTX_set_max_proto_version(&context, VersionNumber(config.max_version)) != 1)
    return FailOpenSsl("TLS versions");
  if (config.prefer_server_cipher_suites)
    SSL_CTX_set_options(&context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  std::string curves;
  for (const Curve& curve : config.curve_preferences) {
    std::string name = curve.name;
    if (name.starts_with("CurveP")) name = "P-" + name.substr(6);
    curves += (curves.empty() ? "" : ":") + name;
  }
  if (!curves.empty() && SSL_CTX_set1_groups_list(&context, curves.c_str()) != 1)
    return FailOpenSsl("curve_preferences");
  return {};
}

}  // namespace

Result<std::shared_ptr<ssl_ctx_st>> MakeTlsContext(const TlsServerConfig& config,
                                                   const TlsMaterial& material) {
  ERR_clear_error();
  const std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return FailOpenSsl("TLS");
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  DROVER_CHECK(SetCiphers(*context, config));
  DROVER_CHECK(SetCertificate(*context, material));
  DROVER_CHECK(SetClientAuth(*context, config, material.client_ca));
  return context;
}

}  // namespace drover::http
