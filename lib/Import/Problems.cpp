//===- Problems.cpp - everything that is wrong with a model ---------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Problems.h"

#include "lib/Support/Printable.h"
#include "llvm/ADT/StringExtras.h"

using namespace frit;
using llvm::StringRef;
using llvm::Twine;

static constexpr StringRef placeholder = "{layer}", expertPlaceholder = "{expert}";

static std::string expand(StringRef name, StringRef what, StringRef value) {
  std::string result;
  for (size_t at; (at = name.find(what)) != StringRef::npos;
       name = name.drop_front(at + what.size()))
    result += (name.take_front(at) + value).str();
  return result + name.str();
}

std::string frit::expandLayer(StringRef name, StringRef layer) {
  return expand(name, placeholder, layer);
}

std::string frit::expandExpert(StringRef name, StringRef expert) {
  return expand(name, expertPlaceholder, expert);
}

std::optional<int64_t> frit::matchLayer(StringRef pattern, StringRef name) {
  auto [prefix, suffix] = pattern.split(placeholder);
  int64_t layer;
  if (prefix.size() == pattern.size() || !name.consume_front(prefix) ||
      !name.consume_back(suffix) || !llvm::all_of(name, llvm::isDigit) ||
      name.getAsInteger(10, layer))
    return std::nullopt;
  return layer;
}

std::pair<std::string, int64_t> frit::generalizeLayer(StringRef name) {
  llvm::SmallVector<StringRef> parts;
  name.split(parts, '.');
  std::optional<int64_t> layer;
  for (StringRef &part : parts) {
    int64_t number;
    if (part.getAsInteger(10, number) || number < 0 || std::to_string(number) != part)
      continue;
    part = layer ? expertPlaceholder : placeholder;
    layer = layer.value_or(number);
  }
  return {llvm::join(parts, "."), layer.value_or(0)};
}

Problems::Item &Problems::insert(const Twine &place, const Twine &message) {
  std::string placeText = place.str(), messageText = message.str();
  auto [entry, isNew] = indices.try_emplace(placeText + "\n" + messageText, items.size());
  if (isNew)
    items.push_back({std::move(placeText), std::move(messageText), {}});
  return items[entry->second];
}

void Problems::add(const Twine &place, const Twine &message) { insert(place, message); }

void Problems::addTensor(StringRef name, const Twine &message, int64_t layer) {
  Item &item = insert(name, message);
  if (name.contains(placeholder) && (item.layers.empty() || item.layers.back() < layer))
    item.layers.push_back(layer);
}

/// "0-3, 5"
static std::string ranges(llvm::ArrayRef<int64_t> numbers) {
  std::string result;
  for (size_t first = 0, last; first < numbers.size(); first = last + 1) {
    for (last = first; last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1;)
      ++last;
    result += (result.empty() ? "" : ", ") + std::to_string(numbers[first]);
    if (last > first)
      result += "-" + std::to_string(numbers[last]);
  }
  return result;
}

std::vector<std::string> Problems::lines() const {
  constexpr size_t maxLines = 100;
  std::vector<std::string> result;
  for (const Item &item : items) {
    if (result.size() == maxLines) {
      result.push_back("and " + std::to_string(items.size() - maxLines) + " more");
      break;
    }
    std::string place = expandExpert(item.place, "*");
    if (item.layers.size() == 1)
      place = expandLayer(place, std::to_string(item.layers.front()));
    else if (!item.layers.empty())
      place = expandLayer(place, "*") + " (layers " + ranges(item.layers) + ")";
    result.push_back(printable(place + ": " + item.message));
  }
  return result;
}
