-- gopls and goleash on one buffer: each shows its own findings once, and neither disturbs the other.

local function fail(text)
  io.stderr:write(text .. "\n" .. vim.inspect(vim.diagnostic.get(0)) .. "\n")
  vim.cmd("cquit 1")
end

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    fail("never: " .. what)
  end
end

local function sources()
  local counts = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    counts[diagnostic.source] = (counts[diagnostic.source] or 0) + 1
  end
  return counts
end

local function run()
  for name, cmd in pairs({ gopls = { "gopls" }, goleash = { vim.env.GOLEASH, "lsp" } }) do
    local id = vim.lsp.start_client({
      name = name,
      cmd = cmd,
      root_dir = vim.fn.getcwd(),
      workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = "m" } },
    })
    vim.lsp.buf_attach_client(0, id)
  end
  wait("a finding of each", function()
    return vim.deep_equal(sources(), { compiler = 1, goleash = 1 })
  end)

  -- Both answer, and what is offered is told apart.
  vim.fn.search("ch <- data")
  local params = vim.lsp.util.make_position_params()
  local answers = vim.lsp.buf_request_sync(0, "textDocument/hover", params, 60000)
  local hovers = {}
  for _, answer in pairs(answers) do
    table.insert(hovers, answer.result and answer.result.contents.value or "")
  end
  local all = table.concat(hovers, "\n")
  if not (all:find("The run that leaks") and all:find("var ch chan")) then
    fail("a hover is missing: " .. all)
  end
  vim.ui.select = function(items, options, choose)
    for index, item in ipairs(items) do
      if options.format_item(item):find("room for one value", 1, true) then
        return choose(item, index)
      end
    end
    fail("no repair: " .. vim.inspect(items))
  end
  vim.lsp.buf.code_action()
  wait("the end of the leak alone", function()
    return vim.deep_equal(sources(), { compiler = 1 })
  end)
  vim.fn.search("unused := 1")
  vim.cmd("delete")
  wait("the end of the other finding", function()
    return vim.deep_equal(sources(), {})
  end)

  -- One of them formats, as on save; the other has nothing to say to that.
  vim.cmd([[%s/^\t_, err = /\t\t_,err   =   /]])
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 60000 })
  else
    vim.lsp.buf.formatting_seq_sync(nil, 60000)
  end
  vim.cmd("write")
  wait("nothing after it is saved", function()
    return vim.deep_equal(sources(), {})
  end)
  vim.cmd("qall!")
end

local done, problem = pcall(run)
if not done then
  fail(tostring(problem))
end
