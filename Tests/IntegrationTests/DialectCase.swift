import Foundation
import Testing

/// One line of the conformance suite: what a client sent to a real QEMU, and what that answered.
struct DialectCase: Decodable, CustomTestStringConvertible {
    enum Phase: String, Decodable { case negotiation, command }

    /// What happened to a command that was sent afterwards.
    enum Probe: String, Decodable {
        case answered, swallowed
        /// Its first byte finished the document before it.
        case answeredAfter = "answered-after"
    }

    /// A piece of base64 or text, and how often it stands there.
    private struct Run: Decodable {
        let text: String
        let count: Int

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            text = try container.decode(String.self)
            count = try container.decode(Int.self)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, phase, oob, slow, order, probe, replies
        case inputBase64 = "input_base64"
        case inputRuns = "input_gen"
        case replyRuns = "reply_runs"
        case probeReplies = "probe_replies"
    }

    let name: String
    let phase: Phase
    let probe: Probe
    private let oob: Bool
    private let slow: Bool?
    private let order: String?
    private let inputBase64: String?
    private let inputRuns: [Run]?
    private let replies: [String]?
    private let replyRuns: [Run]?
    private let probeReplies: [String]?

    var testDescription: String { name }
    var negotiatesOutOfBand: Bool { oob }
    var isSlow: Bool { slow ?? false }
    var isRacy: Bool { order == "racy" }

    var input: [UInt8] {
        guard let inputRuns else { return Array(Data(base64Encoded: inputBase64 ?? "") ?? Data()) }
        return inputRuns.flatMap { run in
            let piece = Data(base64Encoded: run.text) ?? Data()
            return [[UInt8]](repeating: Array(piece), count: run.count).joined()
        }
    }

    /// What was answered, in order; a long reply is described by its length and its beginning.
    var expected: [String] {
        replyRuns.map { $0.flatMap { repeatElement($0.text, count: $0.count) } } ?? replies ?? []
    }

    /// What was answered once the probe was sent.
    var expectedAfterProbe: [String] {
        switch probe {
        case .swallowed: []
        case .answeredAfter: probeReplies ?? []
        case .answered where phase == .command: [Self.probeReply]
        case .answered: []
        }
    }

    static let probeCommand = #"{"execute":"query-uuid","id":"probe"}"#
    static let probeReply =
        #"{"return": {"UUID": "00000000-0000-0000-0000-000000000000"}, "id": "probe"}"# + "\r\n"

    /// The suite as `QMPTests` has it.
    static func all() throws -> [DialectCase] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "QMPTests/Fixtures/dialect-cases.jsonl")
        return try Data(contentsOf: file).split(separator: 0x0A).map { line in
            try JSONDecoder().decode(DialectCase.self, from: line)
        }
    }
}
