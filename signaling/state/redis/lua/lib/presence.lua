-- Which users have a session, and who watches them.
--
-- Zset ib:{pNN}u:<user>: peers of the user's sessions -> until when that holds unless renewed. Set ib:{pNN}v:<user>: peers that watch the
-- user. Set ib:{pNN}w:<peer>: the users (ids) that a session watches.
parts[#parts + 1] = function(F)
  local MOST_WATCHED = 1024 -- users per session

  local function is_online(user)
    local key = key_of('u', user)
    call('ZREMRANGEBYSCORE', key, '-inf', now)
    return call('EXISTS', key) == 1
  end

  local function tell(session, user, online)
    notify(session, 'P', '{"type":"presence","user":"' .. sub(user, 4) .. '","online":' .. tostring(online) .. '}')
  end

  local function tell_watchers(user, online)
    local key = key_of('v', user)
    for _, peer in ipairs(call('SMEMBERS', key)) do
      local watcher = load(peer)
      if watcher then tell(watcher, user, online) else call('SREM', key, peer) end
    end
  end

  local function hold(user, peer)
    local key = key_of('u', user)
    call('ZADD', key, now + KEEP, peer)
    call('PEXPIRE', key, KEEP)
  end

  function F.enter_user(user, peer)
    local online = is_online(user)
    hold(user, peer)
    if not online then tell_watchers(user, true) end
  end

  function F.exit_user(user, peer)
    call('ZREM', key_of('u', user), peer)
    if not is_online(user) then tell_watchers(user, false) end
  end

  function F.renew_user(s)
    hold(s.u, s.peer)
  end

  local function watched_key(s)
    return s.prefix .. 'w:' .. s.peer
  end

  -- How many of them are not watched yet.
  local function count_new(s, users)
    local ids, listed = {}, {}
    for _, name in ipairs(users) do
      if not listed[name] then ids[#ids + 1] = id_of(name) end
      listed[name] = true
    end
    local count = #ids
    for _, is_watched in ipairs(call('SMISMEMBER', watched_key(s), unpack(ids))) do count = count - is_watched end
    return count
  end

  -- Answers one presence per user. Nothing, or why not.
  function F.watch(s, users)
    if s.l - s.a + #users > MESSAGES then return 'mailbox_full' end
    local watched = (s.v or 0) + 0
    if watched + #users > MOST_WATCHED and watched + count_new(s, users) > MOST_WATCHED then return 'too_large' end
    for _, name in ipairs(users) do
      local user = id_of(name)
      call('SADD', key_of('v', user), s.peer)
      call('PEXPIRE', key_of('v', user), KEEP)
      watched = watched + call('SADD', watched_key(s), user)
      tell(s, user, is_online(user))
    end
    call('PEXPIRE', watched_key(s), KEEP)
    set(s, 'v', watched)
  end

  function F.unwatch(s, users)
    local watched = (s.v or 0) + 0
    for _, name in ipairs(users) do
      local user = id_of(name)
      if call('SREM', watched_key(s), user) == 1 then
        watched = watched - 1
        call('SREM', key_of('v', user), s.peer)
      end
    end
    set(s, 'v', watched > 0 and watched or nil)
  end

  function F.forget_watches(s)
    for _, user in ipairs(call('SMEMBERS', watched_key(s))) do call('SREM', key_of('v', user), s.peer) end
    call('DEL', watched_key(s))
    set(s, 'v', nil)
  end

  function F.renew_watches(s)
    for _, user in ipairs(call('SMEMBERS', watched_key(s))) do call('PEXPIRE', key_of('v', user), KEEP) end
    call('PEXPIRE', watched_key(s), KEEP)
  end
end
