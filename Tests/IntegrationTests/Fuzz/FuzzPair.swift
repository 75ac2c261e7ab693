import Foundation

/// Two clients that say the same: one to a QEMU, one to the proxy in front of another.
final class FuzzPair {
    /// What was negotiated before.
    enum Mode: Int, CaseIterable {
        case negotiation, command, commandWithOutOfBand
    }

    enum Trouble: Error {
        /// QEMU does not survive this itself.
        ///
        /// A byte may end two documents, as the bracket in `1]` does; with out-of-band that overfills its queue
        /// (monitor/qmp.c, `handle_qmp_command`: the assertion on `QMP_REQ_QUEUE_LEN_MAX`).
        case referenceAborted
    }

    private let reference: QEMU
    private let direct: RawClient
    private let proxied: RawClient
    private var inputs = 0

    init(_ mode: Mode, reference: QEMU, proxy: Proxy) throws {
        self.reference = reference
        direct = try reference.connect()
        proxied = try proxy.connect()
        for client in [direct, proxied] {
            switch mode {
            case .negotiation: _ = try client.readGreeting()
            case .command, .commandWithOutOfBand: try client.negotiate(outOfBand: mode == .commandWithOutOfBand)
            }
        }
    }

    /// Sends an input both ways; what the answers differ in, `nil` if in nothing.
    func difference(of input: [UInt8], cut: inout InputGenerator) throws -> FuzzDifference? {
        inputs += 1
        let mark = "\"id\": \"probe-\(inputs)\""
        // 0xFF ends whatever the input has begun, at the price of an error; the line feed ends the recovery from that.
        let bytes = input + [0xFF, 0x0A] + Array(#"{"execute": "query-name", \#(mark)}"#.utf8)
        try direct.send(bytes)
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(cut.oneIn(2) ? rest.count : 1 + cut.number(below: rest.count))
            try proxied.send(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        let expected = try expectedLines(through: mark)
        let got = (try? proxied.readLines(through: mark, within: .seconds(10))) ?? ["nothing in time"]
        return FuzzDifference(input: input, expected: expected, got: got)
    }

    private func expectedLines(through mark: String) throws -> [String] {
        do {
            return try direct.readLines(through: mark)
        } catch {
            let hasAborted = try? reference.process.waitForEnd(within: .seconds(5)) == .killed(signal: SIGABRT)
            guard hasAborted == true, reference.process.errors.contains("QMP_REQ_QUEUE_LEN_MAX") else { throw error }
            throw Trouble.referenceAborted
        }
    }
}

/// Answers that differ.
struct FuzzDifference: CustomStringConvertible {
    let input: [UInt8]
    private let expected: [String]
    private let got: [String]

    /// `nil` if there is none; out-of-band replies may overtake the others.
    init?(input: [UInt8], expected: [String], got: [String]) {
        let text = String(decoding: input, as: UTF8.self)
        let isOrdered = !text.contains("oob") && !text.contains("\\u00")
        guard isOrdered ? expected != got : expected.sorted() != got.sorted() else { return nil }
        self.input = input
        self.expected = expected
        self.got = got
    }

    var description: String {
        let same = zip(expected, got).prefix { $0 == $1 }.count
        let bytes = input.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
        return """
            input    \(String(decoding: input, as: UTF8.self).debugDescription)
            in hex   \(bytes)
            reply    \(same + 1) of \(expected.count) or \(got.count)
            expected \(same < expected.count ? expected[same].debugDescription : "nothing")
            got      \(same < got.count ? got[same].debugDescription : "nothing")
            """
    }
}
