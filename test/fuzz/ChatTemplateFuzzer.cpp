//===- ChatTemplateFuzzer.cpp - libFuzzer target of chat templates --------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/ChatTemplate.h"
#include "test/unit/GGUF/UseEverything.h"

using namespace frit;

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const ChatTemplate::Message messages[] = {{"system", "Be kind."},
                                                   {"user", " Hi, \xF0\x9F\x98\x80 "},
                                                   {"assistant", "<think>a</think>b"}};
  auto check = [](const std::string &error) {
    test::require(error.find('\n') == std::string::npos);
  };
  auto chat = ChatTemplate::parse({reinterpret_cast<const char *>(bytes), size});
  if (!chat) {
    check(chat.error());
    return 0;
  }
  auto text = chat->render(messages, true, {.bosToken = "<s>", .eosToken = "</s>", .now = 0});
  if (!text)
    check(text.error());
  return 0;
}
