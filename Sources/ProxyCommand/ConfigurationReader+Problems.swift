internal import Yams

/// What the YAML parser says, in our form.
extension ConfigurationReader {
    /// Notes why there is no document.
    mutating func report(_ error: YamlError, in text: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _),
            .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let circumstance = context.map { "\($0.text), " } ?? ""
            report("is not YAML: \(circumstance)\(problem)", at: place(line: mark.line, column: mark.column))
        case .reader(let problem, let offset, _, _):
            let index = text.index(text.startIndex, offsetBy: offset ?? 0, limitedBy: text.endIndex) ?? text.endIndex
            report("is not YAML: \(problem)", at: place(of: index, in: text))
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            let place = place(line: context.mark.line, column: context.mark.column)
            report("key given more than once in this mapping: \(names)", at: place)
        case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
            report("\(error)", at: place(line: 1, column: 1))
        }
    }

    /// Where a character stands.
    func place(of index: String.Index, in text: String) -> Configuration.Place {
        let lines = text[..<index].split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        return place(line: lines.count, column: (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
}
