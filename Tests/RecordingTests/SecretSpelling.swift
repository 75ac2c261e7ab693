import ProxyTesting
import QMP

/// Writes a command in any of the ways in which QEMU's dialect lets it be written.
struct SecretSpelling {
    /// A command with a secret, `$` standing for it, and the ways to the values in which it stands.
    struct Template: Sendable, CustomStringConvertible {
        let text: String
        let pointers: Set<String>

        init(_ text: String, _ pointers: String...) {
            self.text = text
            self.pointers = Set(pointers.map { "/arguments/" + $0 })
        }

        var description: String { text }
    }

    /// Secret by the name of command and member, one of which is enough.
    static let named = [
        Template(
            #"set_password {"protocol": "vnc", "connected": "keep", "password": "$"}"#,
            "password"
        ),
        Template(#"change-vnc-password {"password": "$"}"#, "password"),
        Template(#"change {"device": "vnc", "target": "password", "arg": "$"}"#, "arg"),
        Template(
            #"object-add {"qom-type": "secret", "id": "s", "data": "$", "format": "raw"}"#,
            "data"
        ),
        Template(
            #"object-add {"qom-type": "secret", "id": "s", "props": {"data": "$"}}"#,
            "props/data"
        ),
        Template(#"object-add {"qom-type": "sev-snp-guest", "id-auth": "$", "id": "s"}"#, "id-auth"),
        Template(
            #"sev-inject-launch-secret {"packet-header": "$", "secret": "$", "gpa": 1}"#,
            "packet-header",
            "secret"
        ),
        Template(
            #"blockdev-add {"driver": "raw", "file": {"driver": "https", "cookie": "$"}}"#,
            "file/cookie"
        ),
        Template(
            #"blockdev-add {"driver": "iscsi", "user": "u", "password": "$", "lun": 0}"#,
            "password"
        ),
        Template(
            #"blockdev-create {"job-id": "j", "options": {"location": {"key": "$"}}}"#,
            "options/location/key"
        ),
        Template(#"blockdev-reopen {"options": [{"driver": "rbd", "key": "$"}]}"#, "options/0/key"),
        Template(
            #"x-blockdev-amend {"options": {"password": "$", "key-secret": "s"}}"#,
            "options/password"
        ),
        Template(
            #"send-key {"keys": [{"type": "qcode", "data": "$"}, {"data": "b"}], "hold-time": 1}"#,
            "keys"
        ),
        Template(
            #"input-send-event {"device": "d", "events": [{"type": "key", "data": {"key": "$"}}]}"#,
            "events"
        ),
        Template(#"ringbuf-write {"device": "d", "data": "$", "format": "utf8"}"#, "data"),
        Template(#"qom-set {"path": "/objects/s", "property": "password", "value": "$"}"#, "value"),
        Template(
            #"migrate {"channels": [{"addr": {"transport": "exec", "args": ["-c", "$"]}}]}"#,
            "channels/0/addr/args"
        ),
        Template(
            #"guest-set-user-password {"username": "u", "password": "$", "crypted": true}"#,
            "password"
        ),
        Template(
            #"guest-ssh-add-authorized-keys {"username": "u", "keys": ["a", "$"], "reset": null}"#,
            "keys"
        ),
        Template(
            #"guest-exec {"path": "p", "arg": ["$"], "env": ["$"], "input-data": "$"}"#,
            "arg",
            "env",
            "input-data"
        ),
        Template(#"guest-file-write {"handle": 1.5e3, "buf-b64": "$"}"#, "buf-b64"),
        Template(#"x-unheard-of {"a": {"b": [0, {"password": "$"}]}}"#, "a/b/1/password"),
    ]

    /// Secret by what is said, or by a rule of the user's.
    static let byContent = [
        Template(#"migrate {"uri": "exec:cat $", "blk": false}"#, "uri"),
        Template(#"migrate-incoming {"uri": "exec:$"}"#, "uri"),
        Template(
            #"human-monitor-command {"command-line": "set_password vnc $", "cpu-index": 0}"#,
            "command-line"
        ),
        Template(#"human-monitor-command {"command-line": " change vnc password $"}"#, "command-line"),
        Template(
            #"human-monitor-command {"command-line": "object_add secret,id=s,data=$"}"#,
            "command-line"
        ),
        Template(#"human-monitor-command {"command-line": "sendkey $"}"#, "command-line"),
        Template(#"drive-mirror {"device": "d", "target": "https://user:$@host/x"}"#, "target"),
        Template(#"blockdev-add {"filename": "json:{\"file.password\": \"$\"}"}"#, "filename"),
        Template(#"own-command {"outer": {"inner": ["a", "$"], "other": true}}"#, "outer/inner/1"),
    ]

    static let ownRule = "own-* /arguments/outer/inner/1"

    var random: SeededGenerator

    /// Letters and digits that stand nowhere else.
    mutating func secret() -> String {
        "Zq"
            + String(
                (0..<10).map { _ in random.pick(Array("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNP0123456789"))
                }
            )
    }

    /// A template with a secret, spelled out.
    mutating func command(_ template: Template, secret: String) throws -> String {
        let parts = template.text.split(separator: " ", maxSplits: 1)
        let arguments = try JSONValue(
            parsing: Bytes(text: String(parts[1]).replacing("$", with: secret))
        )
        var members = [
            JSONValue.Member("execute", .string(String(parts[0]))),
            JSONValue.Member("arguments", arguments),
        ]
        if random.chance(70) { members.append(JSONValue.Member("id", id())) }
        return spelled(.object(members))
    }

    private mutating func id() -> JSONValue {
        let ids: [JSONValue] = [
            .integer(7), .string("an \"id\" with 'quotes'"), .null,
            .array([.integer(1), .string("[2, x]")]),
            .double(0.5),
            .object([
                JSONValue.Member("password", .string("of an id")), JSONValue.Member("execute", .bool(true)),
            ]),
        ]
        return random.pick(ids)
    }

    private mutating func spelled(_ value: JSONValue) -> String {
        let space = space()
        let rest = self.space()
        switch value {
        case .object(let members):
            var shuffled = members
            for index in shuffled.indices { shuffled.swapAt(index, random.int(0...index)) }
            let texts = shuffled.map { spelled(.string($0.key)) + ":" + spelled($0.value) }
            return space + "{" + texts.joined(separator: ",") + self.space() + "}" + rest
        case .array(let elements):
            return space + "[" + elements.map { spelled($0) }.joined(separator: ",") + self.space() + "]"
                + rest
        case .string(let string): return space + quoted(string) + rest
        case .null, .bool, .integer, .unsigned, .double: return space + value.written().text + rest
        }
    }

    private mutating func space() -> String {
        random.chance(80)
            ? "" : String((0..<random.int(1...3)).map { _ in random.pick([" ", "\t", "\n", "\r"]) })
    }

    private mutating func quoted(_ string: String) -> String {
        let quote = random.pick(["\"", "'"])
        let escapes = random.pick([0, 0, 10, 50, 100])
        var text = ""
        for character in string.unicodeScalars {
            let hexadecimal = String(character.value, radix: 16, uppercase: random.chance(50))
            if random.chance(escapes) {
                text += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            } else if String(character) == quote || character == "\\"
                || ("\"'/".unicodeScalars.contains(character) && random.chance(30))
            {
                text += "\\" + String(character)
            } else {
                text += String(character)
            }
        }
        return quote + text + quote
    }
}
