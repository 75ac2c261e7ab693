internal import Yams

/// The shape of the document.
extension ConfigurationReader {
    /// A mapping's known members, and a problem for each key that is not known; `nil` if it is no mapping.
    mutating func members<Key: RawRepresentable<String> & CaseIterable>(
        of node: Node,
        at place: Configuration.Place,
        as keys: Key.Type,
        wanted: String
    ) -> [(key: Key, node: Node)]? {
        guard let mapping = node.mapping else {
            report("found \(Self.description(of: node)): wanted is \(wanted)", at: place)
            return nil
        }
        return mapping.compactMap { name, node in
            let text = name.scalar?.string ?? Self.description(of: name)
            if let key = Key(rawValue: text) { return (key, node) }
            let known = Key.allCases.map(\.rawValue)
            let advice =
                Self.nearest(to: text, among: known).map { "did you mean \($0)?" }
                ?? "wanted is \(known.count == 1 ? "" : "one of ")\(known.joined(separator: ", "))"
            let path = place.path.isEmpty ? text : "\(place.path).\(text)"
            report("unknown key: \(advice)", at: self.place(of: name, path: path))
            return nil
        }
    }

    /// A list's elements, at least one.
    mutating func elements(
        of node: Node,
        path: String,
        wanted: String
    ) -> [(node: Node, place: Configuration.Place)]? {
        guard let sequence = node.sequence, !sequence.isEmpty else {
            report("found \(Self.description(of: node)): wanted is \(wanted)", at: place(of: node, path: path))
            return nil
        }
        return sequence.enumerated().map { ($1, place(of: $1, path: "\(path)[\($0)]")) }
    }

    /// What was found, in the words of a problem.
    static func description(of node: Node) -> String {
        switch node {
        case .scalar where node.null != nil: "nothing"
        case .scalar(let scalar) where node.bool != nil: "the truth value \(scalar.string)"
        case .scalar(let scalar): "\"\(scalar.string)\""
        case .sequence(let sequence): sequence.isEmpty ? "an empty list" : "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    /// Notes a problem.
    mutating func report(_ text: String, at place: Configuration.Place) {
        problems.append(Configuration.Problem(place: place, text: text))
    }

    /// Where a node begins.
    func place(of node: Node, path: String) -> Configuration.Place {
        place(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, path: path)
    }

    /// A place in the file; in a flag only the path tells places apart.
    func place(line: Int, column: Int, path: String = "") -> Configuration.Place {
        guard let file = origin.file else { return Configuration.Place(path: path.isEmpty ? origin.path : path) }
        return Configuration.Place(file: file, line: line, column: column, path: path)
    }
}
