//===- WhatIf.cpp - a machine with other figures -----------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/WhatIf.h"

#include "frit/Machine/Quantities.h"
#include "lib/Support/JSON.h"
#include "lib/Support/Printable.h"

#include <cmath>
#include <fmt/format.h>
#include <optional>

using namespace frit;
using namespace frit::driver;
using namespace frit::machine;
using llvm::StringRef;
using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

namespace {

/// Something that a change can be about.
struct Place {
  std::string path;
  /// The list it is in, and which of its elements; empty: the description itself.
  StringRef list;
  std::vector<std::pair<StringRef, std::string>> identity;
  std::string key; ///< Empty: the element as a whole, which can only be taken away.
  FigureKind kind = FigureKind::Count;
  std::string otherKey;         ///< The same figure in another unit, which this one replaces.
  Scope scope = Scope::Machine; ///< Of a rate that has none yet.
  bool exists = true;           ///< Otherwise a datapath that the machine does not have.
};

class Changer {
public:
  explicit Changer(Object &description) : description(description) { findPlaces(); }

  /// What changed, for people.
  Result<std::string> change(StringRef text);

private:
  void findPlaces();
  void addMember(StringRef list, const std::string &prefix,
                 std::vector<std::pair<StringRef, std::string>> identity);
  void addRate(Place place, StringRef perSecond, StringRef perCycle);
  Object *find(const Place &place);
  Object &create(const Place &place);
  void remove(const Place &place);
  Failure unknown(StringRef path) const;
  std::string present(const Place &place, Object *object) const;

  Object &description;
  std::vector<Place> places;
};

} // namespace

void Changer::addRate(Place place, StringRef perSecond, StringRef perCycle) {
  std::string prefix = place.path;
  place.kind = FigureKind::Rate;
  for (auto [key, other] : {std::pair(perSecond, perCycle), std::pair(perCycle, perSecond)}) {
    place.path = prefix + key.str();
    place.key = key.str();
    place.otherKey = other.str();
    places.push_back(place);
  }
}

static std::optional<std::string> textOf(const Value &element, StringRef key) {
  const Object *object = element.getAsObject();
  std::optional<StringRef> text = object ? object->getString(key) : std::nullopt;
  return text ? std::optional(text->str()) : std::nullopt;
}

void Changer::findPlaces() {
  for (const FigureInfo &info : figureInfos) {
    Place place;
    if (info.kind == FigureKind::Rate) {
      StringRef perSecond = info.key;
      std::string perCycle = (perSecond.drop_back(StringRef("second").size()) + "cycle").str();
      place.scope = Scope::Core;
      addRate(place, perSecond, perCycle);
      continue;
    }
    place.path = place.key = info.key.str();
    place.kind = info.kind;
    places.push_back(place);
  }
  std::vector<std::pair<std::string, Scope>> memories;
  auto forEach = [&](StringRef list, auto add) {
    if (const Array *elements = description.getArray(list))
      for (const Value &element : *elements)
        add(element);
  };
  forEach("memories", [&](const Value &element) {
    std::optional<std::string> name = textOf(element, "name");
    if (!name)
      return;
    std::optional<Scope> scope = findScope(textOf(element, "scope").value_or(""));
    memories.emplace_back(*name, scope.value_or(Scope::Machine));
    Place place;
    place.list = "memories";
    place.identity = {{"name", *name}};
    place.path = "memories." + *name;
    places.push_back(place);
    place.scope = memories.back().second;
    place.path += ".";
    addRate(place, "bytes_per_second", "bytes_per_cycle");
    place.kind = FigureKind::Bytes;
    for (const char *key : {"bytes", "alignment_bytes"}) {
      place.key = key;
      place.path = "memories." + *name + "." + key;
      places.push_back(place);
    }
  });
  // Also those that are not there: to see what one would be good for.
  for (const auto &[from, fromScope] : memories)
    for (const auto &[to, toScope] : memories) {
      if (from == to)
        continue;
      Place place;
      place.list = "datapaths";
      place.identity = {{"from", from}, {"to", to}};
      place.exists = find(place) != nullptr;
      place.path = "datapaths." + from + "-" + to;
      if (place.exists)
        places.push_back(place);
      place.path += ".";
      place.scope = std::min(fromScope, toScope);
      addRate(place, "bytes_per_second", "bytes_per_cycle");
    }
  forEach("instructions", [&](const Value &element) {
    std::optional<std::string> name = textOf(element, "name");
    if (!name)
      return;
    Place place;
    place.list = "instructions";
    place.identity = {{"name", *name}};
    place.path = "instructions." + *name;
    places.push_back(place);
    place.scope = Scope::Core;
    place.path += ".";
    addRate(place, "ops_per_second", "per_cycle");
  });
}

/// The element of a list that has all these texts.
static Array::iterator findElement(Array &list,
                                   llvm::ArrayRef<std::pair<StringRef, std::string>> identity) {
  return llvm::find_if(list, [&](const Value &element) {
    return llvm::all_of(
        identity, [&](const auto &field) { return textOf(element, field.first) == field.second; });
  });
}

Object *Changer::find(const Place &place) {
  if (place.list.empty())
    return &description;
  Array *list = description.getArray(place.list);
  if (!list)
    return nullptr;
  auto element = findElement(*list, place.identity);
  return element == list->end() ? nullptr : element->getAsObject();
}

/// Stands for the source of what a change says.
static constexpr const char *source = "frit explain --what-if";

Object &Changer::create(const Place &place) {
  if (Object *object = find(place))
    return *object;
  Object object{{"source", source}};
  for (const auto &[key, text] : place.identity)
    object[key] = text;
  if (!description.getArray(place.list))
    description[place.list] = Array();
  Array &list = *description.getArray(place.list);
  list.push_back(std::move(object));
  return *list.back().getAsObject();
}

void Changer::remove(const Place &place) {
  if (!place.key.empty()) {
    if (Object *object = find(place)) {
      object->erase(place.key);
      if (!place.otherKey.empty())
        object->erase(place.otherKey);
    }
    return;
  }
  Array &list = *description.getArray(place.list);
  list.erase(findElement(list, place.identity));
  Array *paths = description.getArray("datapaths");
  if (place.list != "memories" || !paths)
    return;
  const std::string &name = place.identity.front().second;
  Array rest;
  for (Value &path : *paths)
    if (textOf(path, "from") != name && textOf(path, "to") != name)
      rest.push_back(std::move(path));
  *paths = std::move(rest);
}

/// What is there now: a value, or that there is none.
std::string Changer::present(const Place &place, Object *object) const {
  if (!object)
    return "none";
  for (const std::string &key : {place.key, place.otherKey})
    if (Object *figure = key.empty() ? nullptr : object->getObject(key))
      if (std::optional<double> value = figure->getNumber("value"))
        return fmt::format("{:.10g}", *value) + (key == place.key ? "" : " as " + key);
  return "none";
}

Failure Changer::unknown(StringRef path) const {
  // The nearest in spelling; of a part of a path that is right, what is in it, or begins so.
  std::vector<std::pair<unsigned, StringRef>> names;
  for (const Place &place : places)
    if (place.exists || path.starts_with("datapaths."))
      names.emplace_back(!path.empty() && StringRef(place.path).starts_with(path)
                             ? 0
                             : path.edit_distance(place.path),
                         place.path);
  llvm::sort(names);
  constexpr size_t most = 6;
  std::string nearest;
  for (const auto &[distance, name] : llvm::ArrayRef(names).take_front(most))
    nearest += (nearest.empty() ? "" : ", ") + printable(name);
  return Failure("--what-if ", printable(path),
                 ": expected what the description of the machine has, such as ", nearest);
}

Result<std::string> Changer::change(StringRef text) {
  StringRef path = text.split('=').first, value = text.split('=').second;
  path.consume_front("target.");
  auto place = llvm::find_if(places, [&](const Place &place) { return place.path == path; });
  if (place == places.end())
    return unknown(path);
  Object *object = find(*place);
  std::string name = printable(path), before = present(*place, object);
  if (value == "off") {
    bool isThere = place->key.empty() ? object != nullptr : before != "none";
    if (!isThere)
      return Failure("--what-if ", name, "=off: expected something that the description has");
    remove(*place);
    return name + " is off" + (place->key.empty() ? "" : " instead of " + before);
  }
  if (place->key.empty())
    return Failure("--what-if ", name, ": expected off, or a figure of it, found '",
                   printable(value), "'");
  double number = 0;
  if (value.getAsDouble(number) || !std::isfinite(number))
    return Failure("--what-if ", name, ": expected a number or off, found '", printable(value),
                   "'");
  if (StringRef expected = checkFigure(place->kind, number); !expected.empty())
    return Failure("--what-if ", name, ": expected ", std::string_view(expected), ", found ",
                   printable(value));
  Object &owner = create(*place);
  Object figure{{"value", number}, {"provenance", "assumed"}, {"source", source}};
  if (place->kind == FigureKind::Rate) {
    std::string scope = nameOf(place->scope).str();
    for (const std::string &key : {place->otherKey, place->key})
      if (const Object *old = owner.getObject(key))
        scope = old->getString("scope").value_or(scope).str();
    figure["scope"] = scope;
    owner.erase(place->otherKey);
    name += " per " + scope;
  }
  owner[place->key] = std::move(figure);
  return fmt::format("{} is {:.10g} instead of {}", name, number, before);
}

Result<ChangedDescription> frit::driver::changeDescription(StringRef text,
                                                           llvm::ArrayRef<std::string> changes) {
  Result<Value> description = parseJSON(text);
  if (!description)
    return description.takeFailure();
  Object *object = description->getAsObject();
  if (!object)
    return Failure("expected an object");
  ChangedDescription result;
  for (const std::string &change : changes) {
    // Each sees what those before it have changed.
    Result<std::string> changed = Changer(*object).change(change);
    if (!changed)
      return changed.takeFailure();
    result.changes.push_back(*std::move(changed));
  }
  result.json = llvm::formatv("{0:2}", *description).str();
  return result;
}
