#include "tests/simulation/network.h"

#include <iterator>
#include <utility>

namespace weir::simulation {

namespace {

constexpr std::size_t kQueuedMax = 64;  // as the worker's socket has it
constexpr std::size_t kPastMax = 16;

}  // namespace

Network::SocketId Network::open_socket() {
  sockets_.emplace(next_socket_, Socket{});
  return next_socket_++;
}

void Network::close_socket(SocketId socket) {
  const auto found = sockets_.find(socket);
  if (const auto connection = connections_.find(found->second.connection); connection != connections_.end()) {
    sever(connection->second);
  }
  sockets_.erase(found);
  for (auto& [id, connection] : connections_) {
    if (connection.was == socket) {
      connection.to_worker.clear();
    }
  }
  forget_empty();
}

bool Network::send(SocketId socket, std::string header, std::string events) {
  const auto connection = connections_.find(sockets_.at(socket).connection);
  if (connection == connections_.end() || connection->second.to_collector.size() >= kQueuedMax) {
    return false;
  }
  connection->second.to_collector.push_back({connection->first, std::move(header), std::move(events)});
  return true;
}

bool Network::receive(SocketId socket, std::string& ack) {
  auto& arrived = sockets_.at(socket).arrived;
  if (arrived.empty()) {
    return false;
  }
  ack = std::move(arrived.front());
  arrived.pop_front();
  return true;
}

// What was on its way to the collector ends with it; what it has sent may still arrive.
void Network::stop_listening() {
  is_listening_ = false;
  for (auto& [id, connection] : connections_) {
    sever(connection);
    connection.to_collector.clear();
  }
  past_.clear();
  forget_empty();
}

std::optional<Network::Parcel> Network::take() {
  const auto from = some_connection([](const Connection& connection) { return !connection.to_collector.empty(); });
  if (!is_listening_ || from == connections_.end()) {
    return std::nullopt;
  }
  Parcel parcel = std::move(from->second.to_collector.front());
  from->second.to_collector.pop_front();
  forget_empty();
  past_.push_back(parcel);
  if (past_.size() > kPastMax) {
    past_.pop_front();
  }
  return parcel;
}

void Network::reply(ConnectionId connection, std::string ack) {
  const auto found = connections_.find(connection);
  if (found != connections_.end() && found->second.socket != 0) {
    found->second.to_worker.push_back(std::move(ack));
  }
}

void Network::connect(SocketId id, Socket& socket) {
  socket.connection = next_connection_++;
  connections_[socket.connection] = {id, id, {}, {}};
}

bool Network::connect_some() {
  for (auto& [id, socket] : sockets_) {
    if (is_listening_ && socket.connection == 0 && random_.is_one_of(2)) {
      connect(id, socket);
      return true;
    }
  }
  return false;
}

void Network::connect_all() {
  for (auto& [id, socket] : sockets_) {
    if (is_listening_ && socket.connection == 0) {
      connect(id, socket);
    }
  }
}

// Some of what is on its way, at the front, arrives all the same.
void Network::sever(Connection& connection) {
  if (connection.socket != 0) {
    sockets_.at(connection.socket).connection = 0;
    connection.socket = 0;
    connection.to_collector.resize(random_.below(connection.to_collector.size() + 1));
    connection.to_worker.resize(random_.below(connection.to_worker.size() + 1));
  }
}

bool Network::break_some() {
  const auto found = some_connection([](const Connection& connection) { return connection.socket != 0; });
  if (found == connections_.end()) {
    return false;
  }
  sever(found->second);
  forget_empty();
  return true;
}

bool Network::repeat_some() {
  if (past_.empty()) {
    return false;
  }
  Parcel parcel = past_[random_.below(past_.size())];
  parcel.connection = next_connection_++;
  connections_[parcel.connection].to_collector.push_back(std::move(parcel));
  return true;
}

std::optional<Network::SocketId> Network::bring_ack() {
  const auto from = some_connection([](const Connection& connection) { return !connection.to_worker.empty(); });
  if (from == connections_.end()) {
    return std::nullopt;
  }
  const SocketId socket = from->second.was;
  sockets_.at(socket).arrived.push_back(std::move(from->second.to_worker.front()));
  from->second.to_worker.pop_front();
  forget_empty();
  return socket;
}

bool Network::is_silent() const {
  for (const auto& [id, connection] : connections_) {
    if (!connection.to_collector.empty() || !connection.to_worker.empty()) {
      return false;
    }
  }
  return true;
}

void Network::forget_empty() {
  std::erase_if(connections_, [](const auto& entry) {
    const Connection& connection = entry.second;
    return connection.socket == 0 && connection.to_collector.empty() && connection.to_worker.empty();
  });
}

template <class Wanted>
std::map<Network::ConnectionId, Network::Connection>::iterator Network::some_connection(Wanted is_wanted) {
  std::size_t count = 0;
  for (const auto& [id, connection] : connections_) {
    count += is_wanted(connection) ? 1 : 0;
  }
  std::size_t chosen = count > 0 ? random_.below(count) : 0;
  for (auto entry = connections_.begin(); count > 0 && entry != connections_.end(); ++entry) {
    if (is_wanted(entry->second) && chosen-- == 0) {
      return entry;
    }
  }
  return connections_.end();
}

}  // namespace weir::simulation
