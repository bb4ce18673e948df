// The manifest: what the host reads of this plugin without running it.
#pragma once

#include "venue/manifest.hpp"

namespace arb::polymarket {

inline constexpr char wallet_kind[] =
    R"json("signature_type": {"type": "integer", "minimum": 0, "maximum": 3, "default": 0,
       "description": "kind of wallet: 0 own key, 1 email, 2 browser, 3 deposit"})json";

inline constexpr auto manifest_text = manifest_of(R"json({
"id": "polymarket",
"version": "0.1.0",
"description": "Polymarket: events and markets from Gamma, live books and trades from the CLOB's market channel",
"options": {
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "gamma_url": {"type": "string", "default": "https://gamma-api.polymarket.com",
      "description": "where events and markets are listed"},
    "clob_url": {"type": "string", "default": "https://clob.polymarket.com",
      "description": "where order books are read over REST"},
    "data_url": {"type": "string", "default": "https://data-api.polymarket.com",
      "description": "where past trades are read"},
    "websocket_url": {"type": "string", "default": "wss://ws-subscriptions-clob.polymarket.com/ws/market",
      "description": "the market channel"},
    )json",
                                                  option_ca_file, R"json(,
    )json",
                                                  option_catalogue_every, R"json(,
    "backfill": {"type": "string", "format": "duration", "default": "24h",
      "description": "how far back past trades and resolutions are read at the start; 0s: not at all"},
    )json",
                                                  option_snapshot_every, R"json(,
    "shard": {"type": "string", "default": "",
      "description": "collect only a part of the markets, for several hosts: 2/8 is the second of eight; a market's part follows from its condition id"},
    "record": {"type": "array", "items": {"enum": ["quotes", "trades", "books"]}, "default": ["quotes", "trades"],
      "description": "what is recorded of the live feed; [] is the catalogue alone"},
    "select": {"type": "object", "additionalProperties": false, "default": {},
      "description": "which markets are collected; without it every open one",
      "properties": {
        "tags": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "slugs or labels; a market counts if its event has one of them"},
        "categories": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "categories of events, or their first tags where the venue names no category"},
        "series": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "slugs of series, such as one question asked every five minutes"},
        "events": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "event ids or slugs"},
        "markets": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "condition ids or market slugs"},
        "volume_24h_min": {"type": ["number", "null"], "minimum": 0, "default": null,
          "description": "least volume of the last 24 hours in dollars"},
        )json",
                                                  select_closes_within, R"json(
      }},
    "address": {"type": "string", "default": "",
      "description": "address of the signer; only for the commands about your account, and positions"},
    "api_key": {"type": "string", "default": "",
      "description": "API key; only for the commands about your account"},
    "api_secret_file": {"type": "string", "default": "",
      "description": "file with the API secret, readable by its owner alone"},
    "api_passphrase_file": {"type": "string", "default": "",
      "description": "file with the API passphrase, readable by its owner alone"}
  }
},
"commands": [
  {"name": "book", "help": "the order book of one outcome, best levels first",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id, slug, or id of a token"},
     "outcome": {"type": "integer", "minimum": 0, "maximum": 31, "default": 0, "description": "0 is the first named"}}}},
  {"name": "market", "help": "a market as the order books know it: status, winner, tick and smallest order",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id, slug, or id of one of its tokens"}}}},
  {"name": "prices", "help": "best prices, midpoint, spread and last trade of each outcome of a market",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id or slug"}}}},
  {"name": "fees", "help": "what a market charges, with its tick and smallest order",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id, slug, or id of one of its tokens"}}}},
  {"name": "trades", "help": "the latest trades of a market",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id, slug, or id of one of its tokens"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "history", "help": "past prices of one outcome",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["market"], "properties": {
     "market": {"type": "string", "description": "condition id, slug, or id of a token"},
     "outcome": {"type": "integer", "minimum": 0, "maximum": 31, "default": 0, "description": "0 is the first named"},
     "interval": {"enum": ["max", "1w", "1d", "6h", "1h"], "default": "1d", "description": "how far back"},
     "from": {"type": "string", "format": "instant", "default": "", "description": "instead of interval: from this time on, such as 2026-11-20T12:00:00Z"},
     "to": {"type": "string", "format": "instant", "default": "", "description": "until this time; without it until now"},
     "fidelity": {"type": "integer", "minimum": 1, "maximum": 1440, "default": 60, "description": "minutes between two prices"}}}},
  {"name": "markets", "help": "open markets, of all events or of one",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "event": {"type": "string", "default": "", "description": "event id or slug"},
     "tag": {"type": "string", "default": "", "description": "slug of a tag"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50, "description": "how many"}}}},
  {"name": "events", "help": "open events",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "tag": {"type": "string", "default": "", "description": "slug of a tag"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50, "description": "how many"}}}},
  {"name": "search", "help": "open events that have these words",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {
     "text": {"type": "string", "description": "what to look for"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50, "description": "how many"}}}},
  {"name": "series", "help": "series of events, as select.series names them",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "limit": {"type": "integer", "minimum": 1, "maximum": 5000, "default": 100, "description": "how many"}}}},
  {"name": "tags", "help": "tags that events have",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "event": {"type": "string", "default": "", "description": "only those of the event with this id"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  {"name": "teams", "help": "teams that sports events are about",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "league": {"type": "string", "default": "", "description": "such as nfl"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  {"name": "comments", "help": "what people wrote about an event, the newest first",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
     "event": {"type": "string", "description": "event id"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "rewards", "help": "markets that pay for resting orders",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  )json",
                                                  command_selection, R"json(,
  {"name": "orders", "help": "your open orders, or one by its id (needs address, api_key and the two secret files)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "market": {"type": "string", "default": "", "description": "condition id, slug, or id of one of its tokens"},
     "id": {"type": "string", "default": "", "description": "order id, instead of a market"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  {"name": "fills", "help": "your trades (needs address, api_key and the two secret files)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "market": {"type": "string", "default": "", "description": "condition id, slug, or id of one of its tokens"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  {"name": "positions", "help": "the positions of a wallet",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "user": {"type": "string", "default": "", "description": "address of the wallet; without it the option address"},
     "closed": {"type": "boolean", "default": false, "description": "those that were closed, with what they brought"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100, "description": "how many"}}}},
  {"name": "balance", "help": "your collateral, or your shares of one token (needs address, api_key and the two secret files)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "token": {"type": "string", "default": "", "description": "token id; without it the collateral"},
     )json",
                                                  wallet_kind, R"json(}}},
  {"name": "notifications", "help": "what the venue has to tell you (needs address, api_key and the two secret files)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     )json",
                                                  wallet_kind, R"json(}}},
  {"name": "keys", "help": "ids of your API keys, never their secrets (needs address, api_key and the two secret files)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}}
]})json");

inline constexpr auto const& manifest = manifest_text.text;

}  // namespace arb::polymarket
