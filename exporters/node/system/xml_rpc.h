// Answers of XML-RPC (http://xmlrpc.com/spec.md), as supervisord gives them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct XmlRpcMember;

struct XmlRpcValue {
  std::string text;                   // of every type that is neither a struct nor an array
  std::vector<XmlRpcMember> members;  // of a struct
  std::vector<XmlRpcValue> items;     // of an array

  // nullptr when there is none.
  const XmlRpcValue* Find(std::string_view member) const;
};

struct XmlRpcMember {
  std::string name;
  XmlRpcValue value;
};

// The value that a methodResponse returns. kInvalid for other text and values nested deeper than
// 16; kUnavailable for a fault, with its text.
Result<XmlRpcValue> ParseXmlRpcResponse(std::string_view text);

}  // namespace drover::exporters::node
