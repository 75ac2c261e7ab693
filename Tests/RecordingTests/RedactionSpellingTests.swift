import ProxyCore
import ProxyTesting
import QMP
import Testing

@testable import Recording

/// Commands in all the spellings that QEMU takes, whole and broken, through the engine: no secret is left.
@Suite(.timeLimit(.minutes(15)))
struct RedactionSpellingTests {
    /// A client asks, and the monitor quotes all it is asked.
    private struct Stage {
        var playbook = Playbook { $0.recording = "vm0.qmprec" }
        private var answered = 0

        init() {
            playbook.connect()
            playbook.join(1, outOfBand: true)
            answered = playbook.entries.count
        }

        mutating func say(_ bytes: Bytes) {
            _ = playbook.feed(.received(.client(1), bytes, descriptors: []))
            while answered < playbook.entries.count {
                let entry = playbook.entries[answered]
                answered += 1
                guard case .sent(.message(let message, _)) = entry.kind, entry.place == .monitor,
                    let sent = try? JSONValue(parsing: message.joined), let id = sent["id"]
                else { continue }
                let quoted = JSONValue.string("bad: \(sent.written().text)").written().text
                let error = #"{"class": "GenericError", "desc": \#(quoted)}"#
                _ = playbook.monitor(says: #"{"id": \#(id.written().text), "error": \#(error)}"#)
            }
        }

        mutating func leave() {
            _ = playbook.feed(.closed(.client(1), reason: "it left"))
            _ = playbook.feed(.closed(.monitor, reason: "it died"))
        }
    }

    private static let redaction = Redaction(
        rules: [try? RedactionRule(parsing: SecretSpelling.ownRule)].compactMap(\.self),
        isLive: true
    )

    private func redacted(_ entries: [Entry]) -> [Entry] {
        var redaction = Self.redaction
        return entries.map { redaction.redact($0) }
    }

    @Test(arguments: SecretSpelling.named + SecretSpelling.byContent)
    func redactsEverySpelling(template: SecretSpelling.Template) throws {
        for seed in 0..<10 {
            var spelling = SecretSpelling(random: SeededGenerator(seed: UInt64(seed)))
            let secret = spelling.secret()
            let text = try spelling.command(template, secret: secret)
            var stage = Stage()
            stage.say(Bytes(text: text))
            stage.leave()
            let entries = stage.playbook.entries
            let redacted = redacted(entries)
            #expect(redacted.lines(thatHold: secret) == [], "\(text)")
            let asked = try #require(zip(entries, redacted).first { $0.0.command == 2 })
            #expect(Set(asked.1.redacted) == template.pointers, "\(text)")
            #expect(asked.1.isTheSame(butForValuesOf: asked.0), "\(text)")
            #expect(self.redacted(redacted) == redacted, "\(text)")
        }
    }

    @Test(arguments: SecretSpelling.named + SecretSpelling.byContent)
    func leavesNothingOfACommandThatBreaksOff(template: SecretSpelling.Template) throws {
        for seed in 0..<2 {
            var spelling = SecretSpelling(random: SeededGenerator(seed: UInt64(seed)))
            let secret = spelling.secret()
            let bytes = try Bytes(text: spelling.command(template, secret: secret))
            for end in stride(from: 4 * seed, to: bytes.count, by: 8) {
                var stage = Stage()
                stage.say(bytes[..<end])
                stage.leave()
                let lines = redacted(stage.playbook.entries).lines(thatHold: secret)
                #expect(lines == [], "\(bytes[..<end].text)")
            }
        }
    }

    /// A byte of a command is another one: by name or by place, what it hides is found out.
    @Test(arguments: SecretSpelling.named)
    func leavesNothingOfACommandWithADamagedByte(template: SecretSpelling.Template) throws {
        for seed in 0..<2 {
            var spelling = SecretSpelling(random: SeededGenerator(seed: UInt64(seed)))
            let secret = spelling.secret()
            let intact = try Bytes(text: spelling.command(template, secret: secret))
            for index in stride(from: 4 * seed, to: intact.count, by: 8) {
                var damaged = intact
                damaged[index] = spelling.random.pick(
                    Array(#""'\{}[]:,@Z 0n"#.utf8) + [0x01, 0x0A, 0x80, 0xFF]
                )
                var stage = Stage()
                stage.say(damaged)
                stage.say(Bytes(text: #"{"execute": "query-status"}"#))
                stage.leave()
                let lines = redacted(stage.playbook.entries).lines(thatHold: secret)
                #expect(lines == [], "\(damaged.text)")
            }
        }
    }
}

extension [Entry] {
    /// The lines that hold half of a secret or more, in plain, in escapes, or in base64.
    fileprivate func lines(thatHold secret: String) -> [String] {
        let halves = [Bytes(text: String(secret.prefix(6))), Bytes(text: String(secret.suffix(6)))]
        return map(line).filter { line in
            var texts = [Bytes(text: line)]
            if let start = texts[0].index(behind: Bytes(text: "\"base64\": \"")),
                let bytes = Base64.decoded(texts[0][start...].prefix { $0 != UInt8(ascii: "\"") })
            {
                texts.append(bytes)
            }
            // A message in a string is escaped twice, a file name in JSON in it once more.
            for _ in 0..<3 {
                texts += texts.suffix(2).filter { $0.contains(UInt8(ascii: "\\")) }.map(\.resolved)
            }
            return texts.contains { text in halves.contains { text.index(behind: $0) != nil } }
        }
    }
}

extension Bytes {
    /// Where what is behind other bytes begins.
    fileprivate func index(behind other: Bytes) -> Int? {
        var rest = self
        while let first = other.first, let start = rest.firstIndex(quickly: first) {
            guard !rest[start...].starts(with: other) else { return start + other.count }
            rest = rest[(start + 1)...]
        }
        return nil
    }

    /// Each escape as what it stands for.
    fileprivate var resolved: Bytes {
        let parts = split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: parts[0]) { text, part in
            let digits = part.first == UInt8(ascii: "u") ? part.dropFirst().prefix(4).text : ""
            if let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) {
                text += String(scalar).utf8
                text += part.dropFirst(5)
            } else {
                text += part
            }
        }
    }
}

extension Entry {
    /// The message in it.
    private var message: Bytes? {
        guard case .received(.message(let message, _)) = kind else { return nil }
        return message.joined
    }

    /// Whether all bytes are as in another entry but for values in whose place `"[redacted]"` stands.
    fileprivate func isTheSame(butForValuesOf original: Entry) -> Bool {
        guard let own = message, var rest = original.message else { return false }
        let pieces = own.text.split(separator: #""[redacted]""#, omittingEmptySubsequences: false)
        guard pieces.count == redacted.count + 1, rest.starts(with: pieces[0].utf8) else {
            return false
        }
        rest = rest.dropFirst(pieces[0].utf8.count)
        for piece in pieces.dropFirst() {
            guard let place = rest.text.firstRange(of: piece) else { return false }
            rest = Bytes(text: String(rest.text[place.upperBound...]))
        }
        return own.text.hasSuffix(pieces.last ?? "")
    }
}
