/// The clients in the order of their arrival, found by number.
struct ClientTable {
    private(set) var all: [ClientState] = []

    /// Where the client of that number stands; numbers rise, so it is found by halving.
    func index(of number: Int) -> Int? {
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < all.count && all[low].number == number ? low : nil
    }

    subscript(index: Int) -> ClientState {
        _read { yield all[index] }
        _modify { yield &all[index] }
    }

    mutating func append(_ client: ClientState) {
        precondition(all.last.map { $0.number < client.number } ?? true, "client numbers must rise")
        all.append(client)
    }

    mutating func remove(at index: Int) -> ClientState {
        all.remove(at: index)
    }
}
