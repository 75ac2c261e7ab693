import Foundation
import QMP
import Testing

/// One line of the conformance suite `Fixtures/dialect-cases.jsonl`: what a client sent to a real QEMU, and what that
/// answered.
struct DialectCase: CustomTestStringConvertible, Sendable {
    let name: String
    let negotiates: Bool
    let withOutOfBand: Bool
    /// What was sent: pieces, each so many times; written out only where it is needed, since some have 64 MiB.
    private let pieces: [(bytes: [UInt8], count: Int)]
    /// What was answered, in order; a long reply is known by its length.
    let replies: [Expected]
    let isSlow: Bool
    let isRacy: Bool

    enum Expected: Sendable, Equatable {
        case text(String)
        case length(Int)

        func matches(_ reply: Bytes) -> Bool {
            switch self {
            case .text(let text): String(decoding: reply, as: Unicode.ASCII.self) == text
            case .length(let length): reply.count == length
            }
        }
    }

    var testDescription: String { name }

    /// What was sent.
    var input: [UInt8] {
        pieces.reduce(into: []) { input, piece in
            // By halves: byte after byte takes half a minute where nothing is optimised.
            var block = piece.bytes
            var rest = piece.count
            while rest > 0 {
                if !rest.isMultiple(of: 2) { input += block }
                rest /= 2
                if rest > 0 { block += block }
            }
        }
    }

    static let all: [DialectCase] = {
        let url = Bundle.module.resourceURL?.appending(path: "Fixtures/dialect-cases.jsonl")
        guard let url, let text = try? String(contentsOf: url, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map { line in DialectCase(Array(line.utf8)[...]) }
    }()

    private init(_ line: Bytes) {
        guard let value = try? JSONValue(parsing: line), let name = value["name"]?.string else {
            preconditionFailure("the fixture holds a line that is no case: \(line.text)")
        }
        self.name = name
        negotiates = value["phase"]?.string == "command"
        withOutOfBand = value["oob"] == .bool(true)
        isSlow = value["slow"] == .bool(true)
        isRacy = value["order"]?.string == "racy"
        let generators = value["input_gen"]?.array ?? [.array([value["input_base64"] ?? .null, .integer(1)])]
        pieces = generators.map { generator in
            let bytes = [UInt8](Data(base64Encoded: generator.array?[0].string ?? "") ?? Data())
            return (bytes, Int(generator.array?[1].integer ?? 0))
        }
        let runs = value["reply_runs"]?.array ?? (value["replies"]?.array ?? []).map { .array([$0, .integer(1)]) }
        replies = runs.flatMap { run in
            let text = run.array?[0].string ?? ""
            let length = text.hasPrefix("<") ? Int(text.dropFirst().prefix { $0.isNumber }) : nil
            let expected = length.map(Expected.length) ?? .text(text)
            return repeatElement(expected, count: Int(run.array?[1].integer ?? 0))
        }
    }
}
