import Foundation

/// What `__org.qmp-proxy_query-status` tells, as far as tests ask.
struct ProxyStatus: Decodable {
    struct Client: Decodable {
        let client: Int
        let peer: String
        let listener: String
        let state: String
        let waiting: Int
        let unsentBytes: Int
    }

    struct Monitor: Decodable {
        let name: String
        let state: String
        let inFlight: Int
        let oldestCommandSeconds: Double?
        let silentSeconds: Double?
        let connections: Int
    }

    struct Counts: Decodable {
        let repliesToNobody: Int
        let clientsAccepted: Int
        let clientsDropped: Int
    }

    let clients: [Client]
    let monitor: Monitor
    let counts: Counts

    private struct Reply: Decodable { let `return`: ProxyStatus }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Asks over a client's connection.
    init(askedBy client: RawClient) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { path in
            let words = (path.last?.stringValue ?? "").split(separator: "-")
            let capitalized = words.dropFirst().map(\.capitalized)
            return Name(stringValue: words.prefix(1).map(String.init).joined() + capitalized.joined())
        }
        let reply = try client.ask(#"{"execute": "__org.qmp-proxy_query-status"}"#)
        self = try decoder.decode(Reply.self, from: Data(reply.utf8)).return
    }
}

extension RawClient {
    /// Asks the proxy for its status until something is so.
    ///
    /// - Throws: ``Failure`` if it is not in time.
    @discardableResult
    func waitForStatus(_ fact: String, _ isSo: (ProxyStatus) -> Bool) throws -> ProxyStatus {
        var status = try ProxyStatus(askedBy: self)
        let found = try Deadline().waits {
            status = try ProxyStatus(askedBy: self)
            return isSo(status)
        }
        guard found else { throw Failure("waited in vain for \(fact): \(status)") }
        return status
    }
}
