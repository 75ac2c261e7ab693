internal import Libevent

/// Which recordings are played where, as the command line says it.
enum MockListeners {
    /// Why that cannot be.
    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    /// Reads `RECORDING=ADDRESS …`, or one `RECORDING` that listens on all of `--listen`.
    ///
    /// - Throws: ``Invalid``, such as for two recordings that would listen on the same address.
    static func parse(
        _ recordings: [String],
        listen: [Address]
    ) throws(Invalid) -> [(path: String, listeners: [Address])] {
        var all: [(path: String, listeners: [Address])] = []
        for text in recordings {
            guard let (path, address) = try pair(text) else {
                try check(text, isAlone: recordings.count == 1, listen)
                all.append((text, listen))
                continue
            }
            guard listen.isEmpty else {
                throw Invalid(description: "--listen and \(text): the address stands in one of them alone")
            }
            all.append((path, [address]))
        }
        try checkRepetitions(all)
        return all
    }

    /// `a.qmprec=unix:a.sock`; `nil` for a recording alone.
    private static func pair(_ text: String) throws(Invalid) -> (path: String, address: Address)? {
        let starts = ["=unix:", "=tcp:"].compactMap { text.ranges(of: $0).last?.lowerBound }
        guard let equals = starts.max() else { return nil }
        let path = String(text[..<equals])
        guard !path.isEmpty else {
            throw Invalid(description: "\(text): a recording is wanted before =, such as vm0.qmprec\(text)")
        }
        do throws(Address.Invalid) {
            return (path, try Address(parsing: String(text[text.index(after: equals)...])))
        } catch {
            throw Invalid(description: "\(text): \(error)")
        }
    }

    private static func check(_ recording: String, isAlone: Bool, _ listen: [Address]) throws(Invalid) {
        guard !listen.isEmpty else {
            let example = "\(recording)=unix:/tmp/qmp.sock"
            let advice = isAlone ? "--listen unix:/tmp/qmp.sock or \(example)" : example
            throw Invalid(description: "\(recording): where clients connect is missing: wanted is \(advice)")
        }
        guard isAlone else {
            let wanted = "RECORDING=ADDRESS for each of several recordings"
            throw Invalid(description: "\(recording): wanted is \(wanted), not --listen")
        }
    }

    /// Port 0 is another one each time.
    private static func checkRepetitions(_ all: [(path: String, listeners: [Address])]) throws(Invalid) {
        var owners: [Address: String] = [:]
        for (path, listeners) in all {
            for address in listeners {
                if case .unix(let file) = address, file.utf8.count > Address.unixPathBytesMax {
                    let sizes = "\(file.utf8.count) bytes; a socket file's path has at most \(Address.unixPathBytesMax)"
                    throw Invalid(description: "\(address): the path is too long, \(sizes)")
                }
                if case .tcp(_, port: 0) = address { continue }
                guard let owner = owners.updateValue(path, forKey: address) else { continue }
                guard owner != path else { throw Invalid(description: "\(path) would listen on \(address) twice") }
                let both = "\(owner) and \(path)"
                throw Invalid(description: "\(both) would both listen on \(address): wanted is another for one of them")
            }
        }
    }
}
