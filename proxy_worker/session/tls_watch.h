// What a tunnel's ClientHello says, against what CONNECT asked for and what the policy allows.
#pragma once

#include <string>

#include "proxy_worker/session/admission.h"
#include "proxy_worker/session/transaction.h"

namespace weir::session {

// Enters the ClientHello into the record. Gives TlsNameBlocked or TlsNameDiffers, or None when nothing speaks against it.
// A tunnel to an address literal has no name to differ from.
Reason judge_hello(const tls::ClientHello& hello, const Admission& admission, Transaction& transaction);

// A fatal alert (RFC 8446 section 6.2): access_denied.
std::string tls_refusal();

}  // namespace weir::session
