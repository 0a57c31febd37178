-- A new session, or with a resume token's words the same peer again, whose other session ends.
-- ARGV: config, peer, secret, epoch, user, grants; of a re-created session also: room, display name, role, capacity (empty = no room)
-- Returns room, display name, role, capacity; or nothing; or F: there are as many sessions as there may be.
-- needs: lineage session rooms negotiation presence matching census
local peer, secret, user, room = ARGV[2], ARGV[3], ARGV[5], ARGV[7]
local user_id = user ~= '' and id_of(user) or nil
local old = room and load(peer)
if not old and F.is_full() then return 'F' end
local same_room = old and old.o and room ~= '' and old.o == id_of(room)
if same_room then
  local its_room = F.load_room(old.o)
  same_room = #its_room.members > 0
  if same_room then F.end_negotiations(its_room, old) end
end
local missed = same_room and call('LRANGE', old.prefix .. 'm:' .. peer, 0, -1)
local away, seat, is_unheard = same_room and old.p, same_room and old.j, same_room and old.m
if old then
  if same_room then old.o = false end
  F.end_session(old, 'replaced', 'L', 'S', old.u == user_id)
end
local fresh = blank(peer)
sessions[peer] = fresh
set(fresh, 'k', secret)
set(fresh, 'e', ARGV[4])
set(fresh, 't', now)
if era > 0 then set(fresh, 'h', era) end
set(fresh, 'i', now)
if user_id then
  set(fresh, 'u', user_id)
  F.enter_user(user_id, peer)
end
if ARGV[6] ~= '' then set(fresh, 'g', ARGV[6]) end
due(fresh, now + AWAY)

if same_room then
  set(fresh, 'o', id_of(room))
  set(fresh, 'j', seat)
  if away then set(fresh, 'p', away) end
  F.replace(fresh, missed, is_unheard)
elseif room and room ~= '' then
  local refused = F.join(fresh, room, ARGV[8], ARGV[10], ARGV[9])
  if refused then notify(fresh, 'P', F.error_text(refused, nil, 'the room of the resume token is full')) end
end
local standing = standing_of(fresh)
flush()
if not old then F.count_one_more() end
return standing
