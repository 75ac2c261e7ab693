internal import QMP

extension Runbook {
    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: the file.
    ///   - name: what the runbook is called.
    ///   - file: what the file is called in messages.
    ///   - variables: what `$name` stands for in it.
    /// - Throws: what is wrong, with the line.
    init(
        parsing text: Bytes,
        name: String,
        file: String,
        variables: RunbookVariables
    ) throws(Invalid) {
        self.name = name
        self.file = file
        guard text.count <= RunbookLimits.fileBytesMax else {
            let most = Quantity.text(bytes: RunbookLimits.fileBytesMax)
            throw Invalid(file: file, line: 1, reason: "longer than \(most)")
        }
        var steps: [RunbookStep] = []
        for entry in try Self.entries(in: text, file: file) {
            do throws(RunbookStepReader.Wrong) {
                let filled = try RunbookStepReader.filled(entry.value, variables)
                // The proxy has negotiated already; the line stands at the top of each of QEMU's examples.
                if filled["execute"] == .string("qmp_capabilities") { continue }
                steps.append(try RunbookStepReader(members: filled, line: entry.line).step())
            } catch {
                throw Invalid(file: file, line: entry.line, reason: error.reason)
            }
        }
        guard steps.count <= RunbookLimits.stepsMax else {
            throw Invalid(file: file, line: 1, reason: "more than \(RunbookLimits.stepsMax) steps")
        }
        self.steps = steps
    }

    /// The file's objects, each with the line on which it begins.
    ///
    /// No string of QEMU's goes over a line's end (qobject/json-lexer.c), so that a line that begins with `#` is a
    /// comment even inside an entry.
    private static func entries(in text: Bytes, file: String) throws(Invalid) -> [(value: JSONValue, line: Int)] {
        var entries: [(value: JSONValue, line: Int)] = []
        var decoder = FrameDecoder()
        var start = 1
        for (index, row) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if row.first(where: { $0 != 0x20 && $0 != 0x09 }) == UInt8(ascii: "#") { continue }
            if decoder.bytesHeld == 0 { start = index + 1 }
            decoder.append(row + [0x0A])
            while let frame = decoder.next() {
                switch frame {
                case .message(let message):
                    let members = message.members.map { JSONValue.Member($0.key.text, message.value(of: $0)) }
                    entries.append((.object(members), start))
                    start = index + 1
                case .invalid(_, let error):
                    throw Invalid(file: file, line: index + 1, reason: error.description.text)
                case .skipped(let bytes):
                    throw Invalid(file: file, line: index + 1, reason: "unexpected \"\(bytes.text)\"")
                }
            }
        }
        guard decoder.bytesHeld == 0 else {
            throw Invalid(file: file, line: start, reason: "the entry does not end: a bracket or a quote is not closed")
        }
        return entries
    }
}
