/// Why nothing listens at an address.
public enum ListenFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Another process, or this one, listens there.
    case alreadyListening(Address)
    /// There is a file of that name which is no socket; it was left alone.
    case notASocket(path: String)
    /// The directory in which the socket file would be does not exist.
    case missingDirectory(String, for: Address)
    /// Any other failed system call.
    case failed(SystemError)

    /// One line for whoever started the program.
    public var description: String {
        switch self {
        case .alreadyListening(let address):
            "somebody is already listening on \(address)"
        case .notASocket(let path):
            "\(path) exists and is not a socket; it is left alone"
        case .missingDirectory(let directory, let address):
            "the directory \(directory) for \(address) does not exist"
        case .failed(let error):
            error.description
        }
    }
}
