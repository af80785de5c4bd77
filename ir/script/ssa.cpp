#include "ir/script/ssa.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/check.h"

namespace tsvm::script {

namespace {

const std::string kExit = "$exit", kStop = "$stop", kReturned = "$returned", kResult = "$result";

class Rebuilder {
 public:
  Rebuilder(Program& p, const Function& f) : p_(p), f_(f), g_(std::make_unique<Graph>()) {}

  std::unique_ptr<Graph> run() {
    block_ = g_->block;
    for (const Value* v : f_.graph->block->params) {
      Value* c = g_->new_value(v->type, v->name);
      c->block = block_;
      block_->params.push_back(c);
      values_[v] = c;
    }
    convert(*f_.graph->block, 0);
    if (!f_.graph->block->results.empty()) {
      block_->results = {get(f_.graph->block->results[0])};
    } else {
      auto r = env_.find(kResult);
      Value* result = r != env_.end() ? r->second : none();
      block_->results = {result};
    }
    remove_dead(*g_);
    return std::move(g_);
  }

 private:
  using Env = std::map<std::string, Value*>;

  Value* get(const Value* v) {
    auto it = values_.find(v);
    TSVM_CHECK(it != values_.end(), "a value is used before it is made");
    return it->second;
  }

  Node* add(NodeKind kind, SourceRange r) {
    Node* n = g_->new_node(kind, r);
    n->owner = block_;
    block_->nodes.push_back(n);
    return n;
  }
  Value* output(Node* n, TypeId t, std::string_view name = {}) {
    Value* v = g_->new_value(t, name);
    v->node = n;
    n->outputs.push_back(v);
    return v;
  }
  Value* constant(const Const& c, TypeId t) {
    Node* n = add(NodeKind::Constant, range_);
    n->constant = c;
    return output(n, t);
  }
  Value* none() { return constant(Const{}, types::None); }
  Value* boolean(bool b) { return constant(Const::boolean(b), types::Bool); }
  Value* uninitialized(TypeId t) {
    Node* n = add(NodeKind::Uninitialized, range_);
    n->type = t;
    return output(n, t);
  }
  static std::optional<bool> known_bool(const Value* v) {
    if (v && v->node && v->node->kind == NodeKind::Constant && v->node->constant.kind == Const::Kind::Bool)
      return v->node->constant.i != 0;
    return std::nullopt;
  }
  std::optional<bool> exit_state() const {
    auto it = env_.find(kExit);
    if (it == env_.end()) return false;
    return known_bool(it->second);
  }

  static bool has_exits(const Block& b) {
    for (const Node* n : b.nodes) {
      if (n->kind == NodeKind::Return || n->kind == NodeKind::Break || n->kind == NodeKind::Continue) return true;
      for (const Block* inner : n->blocks)
        if (has_exits(*inner)) return true;
    }
    return false;
  }
  static bool has_returns(const Block& b) {
    for (const Node* n : b.nodes) {
      if (n->kind == NodeKind::Return) return true;
      for (const Block* inner : n->blocks)
        if (has_returns(*inner)) return true;
    }
    return false;
  }
  static void stored(const Block& b, std::set<std::string>& out) {
    for (const Node* n : b.nodes) {
      if (n->kind == NodeKind::Store) out.insert(n->name);
      for (const Block* inner : n->blocks) stored(*inner, out);
    }
  }

  // Nodes of the old block from the i-th on, into the current block.
  void convert(const Block& b, size_t i) {
    for (; i < b.nodes.size(); i++) {
      const Node* n = b.nodes[i];
      range_ = n->range;
      switch (n->kind) {
        case NodeKind::Load: {
          auto it = env_.find(n->name);
          TSVM_CHECK(it != env_.end(), "a variable without a value");
          Value* v = it->second;
          TypeId wanted = n->outputs[0]->type;
          values_[n->outputs[0]] = v;
          // What is known of it here and was not where its value was made.
          if (v->type != wanted && p_.is_subtype(wanted, v->type) && !p_.is_subtype(v->type, wanted)) {
            Node* cast = add(NodeKind::UncheckedCast, n->range);
            cast->inputs = {v};
            cast->type = wanted;
            values_[n->outputs[0]] = output(cast, wanted, n->name);
          }
          break;
        }
        case NodeKind::Store: {
          Value* v = get(n->inputs[0]);
          if (v->name.empty()) v->name = n->name;
          env_[n->name] = v;
          break;
        }
        case NodeKind::Return:
          env_[kResult] = get(n->inputs[0]);
          env_[kReturned] = boolean(true);
          env_[kExit] = env_[kReturned];
          env_[kStop] = env_[kReturned];
          return;
        case NodeKind::Break: env_[kStop] = env_[kExit] = boolean(true); return;
        case NodeKind::Continue: env_[kExit] = boolean(true); return;
        case NodeKind::RaiseException:
          copy(n);
          // Nothing follows: what would, is as after an exit that leaves no values.
          env_[kExit] = boolean(true);
          raised_.insert(block_);
          return;
        case NodeKind::If:
          if (!if_node(n, b, i)) return;
          break;
        case NodeKind::Loop:
          loop(n);
          if (!guard_rest(n, b, i)) return;
          break;
        case NodeKind::With: {
          with(n);
          if (!guard_rest(n, b, i)) return;
          break;
        }
        default: copy(n);
      }
    }
  }

  void copy(const Node* n) {
    Node* c = add(n->kind, n->range);
    c->take_meaning(*n);
    for (const Value* v : n->inputs) c->inputs.push_back(get(v));
    for (const Value* v : n->outputs) values_[v] = output(c, v->type, v->name);
  }

  /// After a node that may have exited: false when the rest of the block was dealt with.
  bool guard_rest(const Node* n, const Block& b, size_t i) {
    std::optional<bool> exits = exit_state();
    if (exits && !*exits) return true;
    if (exits && *exits) return false;
    if (i + 1 >= b.nodes.size()) return false;
    Node* guard = add(NodeKind::If, n->range);
    guard->inputs = {env_[kExit]};
    Env before = env_;
    Block* outer = block_;
    Block* skip = g_->new_block(guard);
    Block* rest = g_->new_block(guard);
    guard->blocks = {skip, rest};
    block_ = rest;
    env_.erase(kExit);
    convert(b, i + 1);
    Env after = env_;
    block_ = outer;
    Env skipped = before;
    merge(guard, skip, skipped, rest, after);
    return false;
  }

  // What two branches leave behind, as outputs of the If; env_ is what holds after it.
  void merge(Node* n, Block* a, Env& x, Block* b, Env& y) {
    Block* outer = block_;
    env_.clear();
    std::set<std::string> names;
    for (auto& [name, v] : x) names.insert(name);
    for (auto& [name, v] : y) names.insert(name);
    bool a_gone = raised_.count(a) != 0, b_gone = raised_.count(b) != 0;
    if (a_gone && b_gone) raised_.insert(outer);
    for (const std::string& name : names) {
      auto ix = x.find(name), iy = y.find(name);
      bool flag = name == kExit || name == kStop || name == kReturned;
      Value* vx = ix == x.end() ? nullptr : ix->second;
      Value* vy = iy == y.end() ? nullptr : iy->second;
      // A branch that raised leaves nothing: the other one's flags count.
      if (flag && a_gone != b_gone) {
        Value* kept = a_gone ? vy : vx;
        if (kept) {
          if (known_bool(kept) || inside(kept, a_gone ? b : a) == false) {
            env_[name] = kept;
            if (auto k = known_bool(kept)) env_[name] = boolean(*k);
            continue;
          }
        } else {
          continue;
        }
      }
      if (flag) {
        auto kx = vx ? known_bool(vx) : std::optional<bool>(false),
             ky = vy ? known_bool(vy) : std::optional<bool>(false);
        if (kx && ky && *kx == *ky) {
          block_ = outer;
          env_[name] = boolean(*kx);
          continue;
        }
      }
      if (vx && vy && vx == vy) {
        env_[name] = vx;
        continue;
      }
      if (!vx && !vy) continue;
      // What a branch that raised would leave is of no use: the other one says the type.
      if (vx && vy && !flag && a_gone != b_gone && vx->type != vy->type) (a_gone ? vx : vy) = nullptr;
      // A name that only one branch knows is kept when the other branch has ended.
      auto ended = [&](Env& e, bool gone) {
        auto it = e.find(kExit);
        return gone || (it != e.end() && known_bool(it->second).value_or(false));
      };
      if (!flag && name != kResult && ((!vx && !ended(x, a_gone)) || (!vy && !ended(y, b_gone)))) continue;
      TypeId t = !vx ? vy->type : !vy ? vx->type : p_.unify(vx->type, vy->type);
      if (!t) {
        if (ended(x, a_gone))
          t = vy->type, vx = nullptr;
        else if (ended(y, b_gone))
          t = vx->type, vy = nullptr;
        else
          continue;
      }
      auto in_block = [&](Block* where, Value* v) {
        if (v) return v;
        block_ = where;
        Value* made = flag ? boolean(false) : uninitialized(t);
        return made;
      };
      vx = in_block(a, vx);
      vy = in_block(b, vy);
      a->results.push_back(vx);
      b->results.push_back(vy);
      block_ = outer;
      std::string shown = name[0] == '$' ? "" : name;
      env_[name] = output(n, t, shown);
    }
    block_ = outer;
  }
  bool inside(const Value* v, const Block* b) const {
    for (const Block* at = v->node ? v->node->owner : v->block; at;) {
      if (at == b) return true;
      at = at->owner ? at->owner->owner : nullptr;
    }
    return false;
  }
  /// False: the rest of the block went into a branch.
  bool if_node(const Node* n, const Block& b, size_t i) {
    Node* c = add(NodeKind::If, n->range);
    c->inputs = {get(n->inputs[0])};
    Block* outer = block_;
    Env before = env_;
    Block* blocks[2] = {g_->new_block(c), g_->new_block(c)};
    c->blocks = {blocks[0], blocks[1]};
    Env after[2];
    bool exits[2];
    for (int k = 0; k < 2; k++) {
      block_ = blocks[k];
      env_ = before;
      convert(*n->blocks[static_cast<size_t>(k)], 0);
      auto s = exit_state();
      exits[k] = s && *s;
      after[k] = env_;
    }
    bool one = exits[0] != exits[1];
    int open = exits[0] ? 1 : 0;
    bool clean = !(exits[0] && exits[1]);
    bool moved = false;
    auto open_state = [&] {
      env_ = after[open];
      auto s = exit_state();
      return s && !*s;
    };
    if (one && clean && n->outputs.empty() && open_state() && !raised_.count(blocks[1 - open])) {
      // The rest belongs to the branch that goes on.
      block_ = blocks[open];
      env_ = after[open];
      convert(b, i + 1);
      after[open] = env_;
      moved = true;
    }
    block_ = outer;
    // The values of an if-expression come first.
    for (size_t k = 0; k < n->outputs.size(); k++) {
      for (int side = 0; side < 2; side++)
        blocks[side]->results.push_back(get(n->blocks[static_cast<size_t>(side)]->results[k]));
      values_[n->outputs[k]] = output(c, n->outputs[k]->type, n->outputs[k]->name);
    }
    merge(c, blocks[0], after[0], blocks[1], after[1]);
    if (moved) return false;
    if (raised_.count(outer)) {
      env_[kExit] = boolean(true);
      return false;
    }
    return guard_rest(n, b, i);
  }

  void loop(const Node* n) {
    bool is_while = n->name == "while";
    const Block& body = *n->blocks[is_while ? 1 : 0];
    std::set<std::string> assigned;
    stored(body, assigned);
    if (is_while) stored(*n->blocks[0], assigned);
    bool returns = has_returns(body), exits = has_exits(body);
    Value* length;
    Value* first;
    if (is_while) {
      length = constant(Const::integer(INT64_MAX), types::I64);
      convert(*n->blocks[0], 0);
      first = get(n->blocks[0]->results[0]);
    } else {
      length = get(n->inputs[0]);
      first = boolean(true);
    }
    std::vector<std::string> carried;
    for (const std::string& name : assigned)
      if (env_.count(name)) carried.push_back(name);
    if (returns) {
      if (!env_.count(kReturned)) env_[kReturned] = boolean(false);
      if (!env_.count(kResult)) env_[kResult] = uninitialized(f_.result);
      carried.push_back(kReturned);
      carried.push_back(kResult);
    }
    Node* c = add(NodeKind::Loop, n->range);
    c->inputs = {length, first};
    Block* outer = block_;
    Block* inner = g_->new_block(c);
    c->blocks = {inner};
    Value* trip = g_->new_value(types::I64, is_while ? "" : "");
    trip->block = inner;
    inner->params.push_back(trip);
    if (!is_while) values_[body.params[0]] = trip;
    Env before = env_;
    std::vector<TypeId> kinds;
    for (const std::string& name : carried) {
      Value* v = env_[name];
      c->inputs.push_back(v);
      TypeId t = name == kResult ? f_.result : declared_type(*n, name, v->type);
      kinds.push_back(t);
      Value* param = g_->new_value(t, name[0] == '$' ? "" : name);
      param->block = inner;
      inner->params.push_back(param);
      env_[name] = param;
    }
    // Loops in the form for printing already carry values.
    for (size_t k = 1; k < body.params.size(); k++) {
      c->inputs.push_back(get(n->inputs[k + 1]));
      Value* param = g_->new_value(body.params[k]->type, body.params[k]->name);
      param->block = inner;
      inner->params.push_back(param);
      values_[body.params[k]] = param;
    }
    block_ = inner;
    Env saved_flags;
    for (const std::string& flag : {kExit, kStop}) env_.erase(flag);
    convert(body, 0);
    Value* again;
    if (is_while) {
      Value* stop = env_.count(kStop) ? env_[kStop] : nullptr;
      auto known = stop ? known_bool(stop) : std::optional<bool>(false);
      if (known && !*known) {
        env_.erase(kExit);
        convert(*n->blocks[0], 0);
        again = get(n->blocks[0]->results[0]);
      } else if (known) {
        again = boolean(false);
      } else {
        Node* choose = add(NodeKind::If, n->range);
        choose->inputs = {stop};
        Block* yes = g_->new_block(choose);
        Block* no = g_->new_block(choose);
        choose->blocks = {yes, no};
        Block* here = block_;
        Env at = env_;
        block_ = yes;
        yes->results = {boolean(false)};
        block_ = no;
        env_.erase(kExit);
        convert(*n->blocks[0], 0);
        no->results = {get(n->blocks[0]->results[0])};
        block_ = here;
        env_ = at;
        again = output(choose, types::Bool);
      }
    } else if (!body.results.empty()) {
      again = get(body.results[0]);
    } else {
      Value* stop = env_.count(kStop) ? env_[kStop] : nullptr;
      auto known = stop ? known_bool(stop) : std::optional<bool>(false);
      if (known) {
        again = boolean(!*known);
      } else {
        Node* inverse = add(NodeKind::Op, n->range);
        inverse->op = p_.operators.get("aten::__not__", "");
        inverse->inputs = {stop};
        again = output(inverse, types::Bool);
      }
    }
    inner->results = {again};
    Env end = env_;
    for (const std::string& name : carried) inner->results.push_back(end[name]);
    for (size_t k = 1; k < body.results.size(); k++) inner->results.push_back(get(body.results[k]));
    block_ = outer;
    env_ = before;
    for (size_t k = 0; k < carried.size(); k++)
      env_[carried[k]] = output(c, kinds[k], carried[k][0] == '$' ? "" : carried[k]);
    for (const Value* v : n->outputs) values_[v] = output(c, v->type, v->name);
    (void)exits;
    if (returns) {
      env_[kExit] = env_[kReturned];
      env_[kStop] = env_[kReturned];
    }
  }

  /// The type of a variable around a loop: that of its first load in the body, which is the joined one.
  TypeId declared_type(const Node& loop, const std::string& name, TypeId otherwise) {
    for (const Block* b : loop.blocks)
      if (TypeId t = first_load(*b, name)) return p_.is_subtype(otherwise, t) ? t : otherwise;
    return otherwise;
  }
  static TypeId first_load(const Block& b, const std::string& name) {
    for (const Node* n : b.nodes) {
      if (n->kind == NodeKind::Load && n->name == name) return n->outputs[0]->type;
      if (n->kind == NodeKind::Store && n->name == name) return TypeId();
      for (const Block* inner : n->blocks)
        if (TypeId t = first_load(*inner, name)) return t;
    }
    return TypeId();
  }

  void with(const Node* n) {
    Node* enter = add(NodeKind::Enter, n->range);
    enter->inputs = {get(n->inputs[0])};
    enter->function = n->function;
    values_[n->outputs[0]] = output(enter, n->outputs[0]->type, n->outputs[0]->name);
    convert(*n->blocks[0], 0);
    Node* leave = add(NodeKind::Exit, n->range);
    leave->inputs = {get(n->inputs[0])};
    leave->function = n->leave;
    output(leave, n->leave ? n->leave->result : TypeId(types::None));
  }

  Program& p_;
  const Function& f_;
  std::unique_ptr<Graph> g_;
  Block* block_ = nullptr;
  Env env_;
  SourceRange range_;
  std::unordered_map<const Value*, Value*> values_;
  std::set<const Block*> raised_;
};

// --- dead code ---

bool has_effects(const Node& n) {
  switch (n.kind) {
    case NodeKind::Op: {
      for (const SchemaParam& p : n.op->schema.params)
        if (p.written) return true;
      static const char* const kWorld[] = {
          "aten::warn",     "aten::wait",    "aten::set_grad_enabled", "aten::manual_seed",
          "aten::backward", "aten::dropout", "aten::_unwrap_optional"};
      for (const char* w : kWorld)
        if (n.op->schema.name == w) return true;
      return n.op->schema.results.empty();
    }
    case NodeKind::SetAttr:
    case NodeKind::CallFunction:
    case NodeKind::CallMethod:
    case NodeKind::RaiseException:
    case NodeKind::Print:
    case NodeKind::Fork:
    case NodeKind::Enter:
    case NodeKind::Exit:
    case NodeKind::With:
    case NodeKind::PythonOp:
    case NodeKind::Return:
    case NodeKind::Break:
    case NodeKind::Continue:
    case NodeKind::ListUnpack: return true;
    default: break;
  }
  for (const Block* b : n.blocks)
    for (const Node* inner : b->nodes)
      if (has_effects(*inner)) return true;
  return n.kind == NodeKind::Loop && n.name == "while";
}

void count_uses(const Block& b, std::unordered_map<const Value*, int>& uses) {
  for (const Node* n : b.nodes) {
    for (const Value* v : n->inputs) uses[v]++;
    for (const Block* inner : n->blocks) count_uses(*inner, uses);
  }
  for (const Value* v : b.results) uses[v]++;
}

bool sweep(Block& b, std::unordered_map<const Value*, int>& uses) {
  bool changed = false;
  for (Node* n : b.nodes) {
    for (Block* inner : n->blocks) changed |= sweep(*inner, uses);
    if (n->kind == NodeKind::If)
      for (size_t i = n->outputs.size(); i-- > 0;)
        if (uses[n->outputs[i]] == 0) {
          n->outputs.erase(n->outputs.begin() + static_cast<ptrdiff_t>(i));
          for (Block* inner : n->blocks) inner->results.erase(inner->results.begin() + static_cast<ptrdiff_t>(i));
          changed = true;
        }
    if (n->kind == NodeKind::Loop && n->name != "while" && n->blocks[0]->results.size() == n->outputs.size() + 1)
      for (size_t i = n->outputs.size(); i-- > 0;) {
        Block* body = n->blocks[0];
        const Value* param = body->params[i + 1];
        // Used by nothing, or only handed on to itself.
        int in_body = uses[param] - (body->results[i + 1] == param ? 1 : 0);
        if (uses[n->outputs[i]] != 0 || in_body != 0) continue;
        auto at = static_cast<ptrdiff_t>(i);
        n->outputs.erase(n->outputs.begin() + at);
        n->inputs.erase(n->inputs.begin() + at + 2);
        body->params.erase(body->params.begin() + at + 1);
        body->results.erase(body->results.begin() + at + 1);
        changed = true;
      }
  }
  size_t before = b.nodes.size();
  b.nodes.erase(std::remove_if(b.nodes.begin(), b.nodes.end(),
                               [&](Node* n) {
                                 if (has_effects(*n)) return false;
                                 for (const Value* v : n->outputs)
                                   if (uses[v]) return false;
                                 return true;
                               }),
                b.nodes.end());
  return changed || b.nodes.size() != before;
}

}  // namespace

void remove_dead(Graph& g) {
  for (int i = 0; i < 50; i++) {
    std::unordered_map<const Value*, int> uses;
    count_uses(*g.block, uses);
    if (!sweep(*g.block, uses)) return;
  }
}

std::unique_ptr<Graph> to_ssa(Program& p, const Function& f) { return Rebuilder(p, f).run(); }

}  // namespace tsvm::script
