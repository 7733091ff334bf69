#include "pushprox/net/credentials.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <ctime>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace drover::pushprox {
namespace {

std::string_view Bytes(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(::ASN1_STRING_length(text))};
}

std::string AddressText(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return ::inet_ntop(family, bytes.data(), out.data(), out.size()) != nullptr ? out.data() : "";
}

tl::unexpected<Error> Bad(const std::string& file, std::string_view what) {
  const unsigned long first = ::ERR_peek_error();
  const char* why = ERR_SYSTEM_ERROR(first)
                        ? std::strerror(ERR_GET_REASON(first))  // NOLINT(concurrency-mt-unsafe)
                        : ::ERR_reason_error_string(::ERR_peek_last_error());
  std::string text = file + ": " + std::string(what);
  if (why != nullptr) text += std::string(" (") + why + ")";
  ::ERR_clear_error();
  return Fail(ErrorCode::kInvalid, text);
}

}  // namespace

PeerCertificate ReadPeerCertificate(ssl_st* tls) {
  PeerCertificate certificate;
  std::vector<std::string>& names = certificate.names;
  const std::unique_ptr<X509, decltype(&::X509_free)> peer(::SSL_get1_peer_certificate(tls),
                                                           ::X509_free);
  if (peer == nullptr) return certificate;
  std::tm ends{};
  if (::ASN1_TIME_to_tm(::X509_get0_notAfter(peer.get()), &ends) == 1)
    certificate.ends = FromMs(std::int64_t{::timegm(&ends)} * 1000);
  const std::unique_ptr<GENERAL_NAMES, decltype(&::GENERAL_NAMES_free)> found(
      static_cast<GENERAL_NAMES*>(
          ::X509_get_ext_d2i(peer.get(), NID_subject_alt_name, nullptr, nullptr)),
      ::GENERAL_NAMES_free);
  for (int i = 0; found != nullptr && i < sk_GENERAL_NAME_num(found.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found.get(), i);
    if (name->type == GEN_DNS) names.emplace_back(Bytes(name->d.dNSName));
    if (name->type == GEN_IPADD) names.push_back(AddressText(Bytes(name->d.iPAddress)));
  }
  return certificate;
}

std::string Sha256Hex(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  ::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::string out;
  for (const unsigned char byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<std::shared_ptr<ssl_ctx_st>> MakeTlsClientContext(const TlsClientFiles& files) {
  std::shared_ptr<SSL_CTX> context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (files.ca.empty()) {
    ::SSL_CTX_set_default_verify_paths(context.get());
  } else if (::SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) != 1) {
    return Bad(files.ca, "no CA certificate in it");
  }
  if (!files.cert.empty()) {
    if (::SSL_CTX_use_certificate_chain_file(context.get(), files.cert.c_str()) != 1)
      return Bad(files.cert, "no certificate in it");
    const std::string& key = files.key.empty() ? files.cert : files.key;
    if (::SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        ::SSL_CTX_check_private_key(context.get()) != 1)
      return Bad(key, "no key of that certificate in it");
  }
  return context;
}

}  // namespace drover::pushprox
